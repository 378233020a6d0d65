"""Linux capabilities by name, and the ones that docker gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEFAULT", "choose", "every", "known_to_kernel", "mask", "named", "names_of"]

# In the order of their numbers (linux/capability.h).
_NAMES: Final = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]

#: Docker's fourteen (moby, oci/caps/defaults.go).
DEFAULT: Final = frozenset(
    "CAP_" + name
    for name in [
        "CHOWN",
        "DAC_OVERRIDE",
        "FSETID",
        "FOWNER",
        "MKNOD",
        "NET_RAW",
        "SETGID",
        "SETUID",
        "SETFCAP",
        "SETPCAP",
        "NET_BIND_SERVICE",
        "SYS_CHROOT",
        "KILL",
        "AUDIT_WRITE",
    ]
)


def choose(add: Iterable[str] = (), drop: Iterable[str] = ()) -> frozenset[str]:
    """The capabilities after ``--cap-add`` and ``--cap-drop``; both take ``ALL``.

    Raises:
        InvalidInput: no such capability.
    """
    everything = frozenset("CAP_" + name for name in _NAMES)
    added, dropped = {_full(word) for word in add}, {_full(word) for word in drop}
    start = everything if "CAP_ALL" in added else frozenset() if "CAP_ALL" in dropped else DEFAULT
    return (start - dropped | added) - {"CAP_ALL"}


def named(words: Iterable[str]) -> frozenset[str]:
    """The capabilities that are written out in ``--cap-add``, without ``ALL``.

    Raises:
        InvalidInput: no such capability.
    """
    return frozenset(_full(word) for word in words) - {"CAP_ALL"}


def every(words: Iterable[str]) -> bool:
    """Whether ``ALL`` is among them."""
    return any(_full(word) == "CAP_ALL" for word in words)


def known_to_kernel() -> frozenset[str]:
    """Those that this machine's kernel has (/proc/sys/kernel/cap_last_cap)."""
    try:
        last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    except OSError:
        last = len(_NAMES)
    return frozenset(f"CAP_{name}" for name in _NAMES[: last + 1])


def _full(word: str) -> str:
    name = word.upper().removeprefix("CAP_")
    if name != "ALL" and name not in _NAMES:
        raise InvalidInput(f'unknown capability: "{word}"', hint="See capabilities(7); write for example NET_ADMIN")
    return "CAP_" + name


def mask(names: Iterable[str]) -> int:
    """As the kernel takes them."""
    return sum(1 << _NAMES.index(name.removeprefix("CAP_")) for name in names)


def names_of(mask: int) -> tuple[str, ...]:
    """The capabilities of a mask as ``inspect`` lists them: ``CAP_CHOWN``."""
    return tuple(f"CAP_{name}" for number, name in enumerate(_NAMES) if mask >> number & 1)
