"""Programs in a copy of their image's files, without namespaces: what chroot and proot share. Imported by the shim."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, Final

from .facts import write_facts

if TYPE_CHECKING:
    from dockmagic.runtime.messages.process_spec import ProcessSpec

__all__ = ["FILES", "enter", "furnish", "open_terminal"]

_DEVICES: Final = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0),
}  # fmt: skip
FILES: Final = ("hostname", "hosts", "resolv.conf")
_PTS: Final = 136  # major number of pseudo-terminals (devices.txt)
_SYS_ADMIN: Final = 21
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def furnish(spec: dict[str, Any], *, facts: bool) -> None:
    """Put devices, and the files that say where it is, into the container's copy. They are no part of its changes.

    Args:
        spec: of the container.
        facts: whether /proc gets what is true of the machine; else the machine's own is shown there.

    Raises:
        ValueError: /dev of the image is not a directory.
    """
    root = f"{spec['folder']}/merged"
    _make_folder(f"{root}/dev")
    for name, (major, minor) in _DEVICES.items():
        try:
            os.mknod(f"{root}/dev/{name}", stat.S_IFCHR, os.makedev(major, minor))
            os.chmod(f"{root}/dev/{name}", 0o666)  # noqa: S103  (as everywhere)
        except FileExistsError:
            continue
        except PermissionError:
            break  # not root: then the machine's own are shown
    for name in ("shm", "pts"):
        _make_folder(f"{root}/dev/{name}")
    os.chmod(f"{root}/dev/shm", 0o1777)  # noqa: S103  (likewise)
    for name in ("proc", "sys"):
        _make_folder(f"{root}/{name}")
    if facts:
        write_facts(root)
    _make_folder(f"{root}/etc")
    before = os.stat(f"{root}/etc")
    for name in FILES:
        with open(f"{spec['folder']}/{name}", "rb") as file:
            content = file.read()
        try:
            os.unlink(f"{root}/etc/{name}")
        except FileNotFoundError:
            pass
        descriptor = os.open(f"{root}/etc/{name}", _NEW, 0o644)
        os.write(descriptor, content)
        os.close(descriptor)
    os.utime(f"{root}/etc", ns=(before.st_atime_ns, before.st_mtime_ns))


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        # A link could lead us out of the copy.
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise ValueError(f"/{os.path.basename(path)} of the image is not a directory") from None


def open_terminal(spec: dict[str, Any]) -> tuple[int, int]:
    """A new pseudo-terminal of the machine's, with a node for it in the container: master and slave."""
    master, slave = os.openpty()
    number = os.minor(os.fstat(slave).st_rdev)
    try:
        os.mknod(f"{spec['folder']}/merged/dev/pts/{number}", stat.S_IFCHR | 0o620, os.makedev(_PTS, number))
    except OSError:
        pass  # the program then knows no name for its terminal
    return master, slave


def enter(spec: dict[str, Any], what: ProcessSpec) -> tuple[ProcessSpec, bool]:
    """Make the container's copy the root of this process.

    Returns:
        `what` is to be run, with no more capabilities than there are, and whether it may be put under a filter without
        losing set-id programs (seccomp(2)).
    """
    with open("/proc/self/status", "rb") as file:
        permitted = next(int(line.split()[1], 16) for line in file if line.startswith(b"CapPrm:"))
    os.chroot(f"{spec['folder']}/merged")
    os.chdir("/")
    may_filter = bool(permitted >> _SYS_ADMIN & 1) or what.no_new_privs
    return what.replaced(capabilities=what.capabilities & permitted), may_filter
