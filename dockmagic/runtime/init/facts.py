"""What /proc can tell in a chroot: facts about the machine as they are at the start, nothing about processes.

Nothing can be mounted there, so these are plain files; they are no part of what the container changes. Imported by the
shim.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

__all__ = ["write_facts"]

_COPIED: Final = (
    "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "swaps", "uptime", "version", "sys/fs/file-max",
    "sys/kernel/cap_last_cap", "sys/kernel/ngroups_max", "sys/kernel/osrelease", "sys/kernel/ostype",
    "sys/kernel/overflowgid", "sys/kernel/overflowuid", "sys/kernel/pid_max", "sys/kernel/random/boot_id",
    "sys/kernel/threads-max", "sys/kernel/version", "sys/net/core/somaxconn", "sys/vm/max_map_count",
    "sys/vm/overcommit_memory", "sys/vm/swappiness",
)  # fmt: skip
#: The container's root is all that it sees mounted.
_MOUNTS: Final = b"root / rootfs rw 0 0\n"
_WRITTEN: Final = {"mounts": _MOUNTS, "self/mounts": _MOUNTS}
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LIMIT: Final = 1 << 20


def write_facts(root: str) -> None:
    """Write them below the folder ``proc`` of the tree at `root`; no link of the image is followed."""
    with contextlib.suppress(OSError):
        top = os.open(f"{root}/proc", _FOLDER)
        try:
            for name in _COPIED:
                with contextlib.suppress(OSError):  # not every kernel has all of them
                    with open(f"/proc/{name}", "rb") as file:
                        content = file.read(_LIMIT)
                    _write(top, name, content)
            for name, content in _WRITTEN.items():
                with contextlib.suppress(OSError):
                    _write(top, name, content)
        finally:
            os.close(top)


def _write(top: int, path: str, content: bytes) -> None:
    *parents, name = path.split("/")
    folder = os.dup(top)
    try:
        for parent in parents:
            with contextlib.suppress(FileExistsError):
                os.mkdir(parent, 0o755, dir_fd=folder)
            inner = os.open(parent, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        with open(os.open(name, _NEW, 0o444, dir_fd=folder), "wb") as file:
            file.write(content)
    finally:
        os.close(folder)
