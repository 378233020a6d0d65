"""The system calls that Python does not offer. Imported by the shim: only the standard library, and little."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final, NamedTuple

__all__ = [
    "CLONE_NEWCGROUP", "CLONE_NEWIPC", "CLONE_NEWNET", "CLONE_NEWNS", "CLONE_NEWPID", "CLONE_NEWUSER", "CLONE_NEWUTS",
    "CLONE_PARENT", "MS_BIND", "MS_NODEV", "MS_NOEXEC", "MS_NOSUID", "MS_PRIVATE", "MS_RDONLY", "MS_REC", "MS_REMOUNT",
    "MS_SLAVE", "Identity", "adopt_orphans", "attach_mount", "clone",
    "clone_mount", "die_with_parent", "drop_bounding", "exchange", "identify",
    "install_filter", "keep_capabilities",
    "keep_to_itself", "listen_filter", "mount", "no_new_privileges", "open_in_root", "pivot_root",
    "read_only", "set_capabilities", "set_hostname", "setns", "touch_owner", "umount", "unshare",
    "without_devices",
]  # fmt: skip

CLONE_NEWNS: Final = 0x20000
CLONE_NEWCGROUP: Final = 0x2000000
CLONE_NEWUTS: Final = 0x4000000
CLONE_NEWIPC: Final = 0x8000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
CLONE_PARENT: Final = 0x8000

MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
MS_SLAVE: Final = 1 << 19

_NUMBERS: Final = {
    "x86_64": {"clone": 56, "pivot_root": 155, "capset": 126, "seccomp": 317, "renameat2": 316},
    "aarch64": {"clone": 220, "pivot_root": 41, "capset": 91, "seccomp": 277, "renameat2": 276},
}
_OPENAT2: Final = 437  # the same everywhere, as all calls since 424
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE: Final = 1
_MOVE_EMPTY_PATHS: Final = 0x4 | 0x40  # MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP = 1, 4, 8, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_RESOLVE_IN_ROOT: Final = 0x10
_ATTEMPTS: Final = 1000  # each takes microseconds, and somebody may be renaming all the time
_SIGCHLD: Final = 17
_SIGKILL: Final = 9
_MNT_DETACH: Final = 2
_PAGE: Final = 4096
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_AT_RECURSIVE: Final = 0x8000
_AT_EMPTY_PATH: Final = 0x1000
_STATX_FLAGS: Final = 0x100 | 0x800 | _AT_EMPTY_PATH  # of the link itself, without an automount
_STATX_INO_BTIME_MOUNT: Final = 0x100 | 0x800 | 0x1000
_FILTER_NEW_LISTENER: Final = 1 << 3
_FILTER_WAIT_KILLABLE: Final = 1 << 5

# PyDLL keeps the interpreter's lock during a call: after `clone` the child then already holds it.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _number(name: str) -> int:
    machine = os.uname().machine
    if machine not in _NUMBERS:
        raise OSError(38, f"no system call numbers for {machine}")
    return _NUMBERS[machine][name]


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _syscall(what: str, number: int, *arguments: object) -> int:
    passed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _check(_libc.syscall(ctypes.c_long(number), *passed), what)


def _prctl(option: int, value: int = 0) -> int:
    return int(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def clone(flags: int) -> int:
    """Fork into new namespaces; 0 in the child. Only for a process of one thread."""
    return _syscall("clone", _number("clone"), flags | _SIGCHLD, 0, 0, 0, 0)


def unshare(flags: int) -> None:
    """Go into new namespaces. Only for a process of one thread."""
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor: int, flags: int) -> None:
    """Join namespaces of the process behind a pidfd, or one namespace behind a file."""
    _check(_libc.setns(descriptor, flags), "setns")


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount something, or change how it is mounted."""
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    if len(words[3] or b"") >= _PAGE:
        # The kernel would take the first page of it only, and mount something else (mount(2)).
        raise OSError(7, f"mount of {kind} on {target}: too many layers")
    result = _libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3])
    _check(result, f"mount of {kind or source or 'flags'} on {target}")


def clone_mount(source: str) -> int:
    """What is at `source` with all that is mounted below it, as a mount that is attached nowhere (open_tree(2))."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE
    return _syscall(f"mount of {source}", _OPEN_TREE, _AT_FDCWD, os.fsencode(source), flags)


def attach_mount(made: int, place: int) -> None:
    """Attach what `clone_mount` gave on what the descriptor `place` is, whatever its name is now (move_mount(2))."""
    _syscall("mount", _MOVE_MOUNT, made, b"", place, b"", _MOVE_EMPTY_PATHS)


def umount(target: str) -> None:
    """Take a mount away at once; it ends with its last use."""
    _check(_libc.umount2(os.fsencode(target), _MNT_DETACH), f"umount of {target}")


def pivot_root() -> None:
    """Make the current folder, a mount, the root of this mount namespace, and let go of the old one."""
    _syscall("pivot_root", _number("pivot_root"), b".", b".")
    # Both lie on one another now, the old one on top; "." still means it (pivot_root(2), "pivot_root(".", ".")").
    mount(None, ".", None, MS_REC | MS_SLAVE)
    umount(".")
    os.chdir("/")


def read_only(path: str, *, recursive: bool = False, flags: int = 0) -> None:
    """Make the mount at `path` read-only, with all below it and with further `flags` (MS_NOSUID…) if `recursive`."""
    if recursive:
        # The flags of mount(2) up to here have the same values as the attributes of mount_setattr(2).
        attributes = ctypes.create_string_buffer(struct.pack("QQQQ", MS_RDONLY | flags, 0, 0, 0))
        _syscall("mount_setattr", _MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, attributes, 32)
        return
    # In a user namespace flags that the mount already has are locked, and must be said again.
    has = os.statvfs(path).f_flag
    kept = has & (MS_NOSUID | MS_NODEV | MS_NOEXEC | 1024 | 2048) | (1 << 21 if has & 4096 else 0)
    mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def without_devices(path: str) -> None:
    """Let no device's node on the mount at `path` open the device."""
    has = os.statvfs(path).f_flag
    mount(None, path, None, MS_REMOUNT | MS_BIND | MS_NODEV | has & (MS_RDONLY | MS_NOSUID | MS_NOEXEC | 1024 | 2048))


def exchange(one: bytes, other: bytes) -> None:
    """Let two files or folders have each other's place, in one step (renameat2(2))."""
    _syscall("renameat2", _number("renameat2"), _AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE)


def open_in_root(root: int, path: str, flags: int) -> int:
    """Open `path` as a process whose root is the folder `root` would: links never lead out of it (openat2(2))."""
    how = ctypes.create_string_buffer(struct.pack("QQQ", flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT))
    left = _ATTEMPTS
    while True:
        try:
            return _syscall(f"open of {path}", _OPENAT2, root, os.fsencode(path), how, 24)
        except BlockingIOError:
            # Something on the machine was renamed or mounted meanwhile, and ".." might lead out (openat2(2)): again.
            left -= 1
            if not left:
                raise


class Identity(NamedTuple):
    """What tells a file from every other, of now and of later.

    Attributes:
        inode: its number.
        born: nanoseconds since the epoch; 0 where the file system does not know.
        mount: number of the mount that it was reached by; 0 before Linux 5.8.
    """

    inode: int
    born: int
    mount: int


_statx_buffer = ctypes.create_string_buffer(256)
_STATX_HEAD: Final = struct.Struct("=I28xQ40xqI52xQ")  # stx_mask, stx_ino, stx_btime, stx_mnt_id (linux/stat.h)


def identify(folder: int, name: bytes = b"") -> Identity:
    """What tells `name` in a folder from other files (statx(2)); without a name, the descriptor's own file."""
    _check(_libc.statx(folder, name, _STATX_FLAGS, _STATX_INO_BTIME_MOUNT, _statx_buffer), "statx")
    mask, inode, seconds, nanoseconds, mount_id = _STATX_HEAD.unpack_from(_statx_buffer.raw)
    born = seconds * 10**9 + nanoseconds if mask & 0x800 else 0
    return Identity(inode, born, mount_id if mask & 0x1000 else 0)


def touch_owner(descriptor: int) -> None:
    """Change the owner of an O_PATH descriptor's file to what it is: set-id bits go, and overlay copies it up."""
    _check(_libc.fchownat(descriptor, b"", -1, -1, _AT_EMPTY_PATH), "fchownat")


def keep_to_itself() -> None:
    """Keep processes with the same rights out of this one, until it becomes another program (PR_SET_DUMPABLE)."""
    _prctl(_PR_SET_DUMPABLE, 0)


def set_hostname(name: str) -> None:
    """Of this UTS namespace."""
    encoded = name.encode()
    _check(_libc.sethostname(encoded, len(encoded)), "sethostname")


def die_with_parent(number: int = _SIGKILL) -> None:
    """Get this signal when the thread that made this process ends. A change of user undoes it: say it again then."""
    _prctl(_PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def no_new_privileges() -> None:
    """Let no program gain rights by its set-id bits or capabilities."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def keep_capabilities() -> None:
    """Keep the permitted capabilities over the next change of user."""
    _prctl(_PR_SET_KEEPCAPS, 1)


def drop_bounding(kept: int) -> None:
    """Limit what any program from here on may gain to the capabilities in the mask `kept`."""
    for capability in range(64):
        if not kept >> capability & 1 and _prctl(_PR_CAPBSET_DROP, capability) < 0:
            break


def set_capabilities(effective: int, inheritable: int = 0) -> None:
    """Have these capabilities (masks), effective and permitted."""
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    low, high, mask = effective & 0xFFFFFFFF, effective >> 32, 0xFFFFFFFF
    data = struct.pack("6I", low, low, inheritable & mask, high, high, inheritable >> 32)
    _syscall("capset", _number("capset"), header, ctypes.create_string_buffer(data))


def _program(code: bytes) -> tuple[object, object]:
    buffer = ctypes.create_string_buffer(code, len(code))
    return buffer, ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer)))


def install_filter(code: bytes) -> None:
    """Put this thread and its children under a seccomp filter (cBPF instructions)."""
    keep, program = _program(code)
    _syscall("seccomp", _number("seccomp"), 1, 0, program)
    del keep


def listen_filter(code: bytes) -> int:
    """Like `install_filter`; returns the descriptor on which the filter's notifications arrive."""
    keep, program = _program(code)
    flags = _FILTER_NEW_LISTENER | _FILTER_WAIT_KILLABLE
    try:
        listener = _syscall("seccomp listener", _number("seccomp"), 1, flags, program)
    except OSError:
        # Before Linux 5.19 a signal may make a call begin anew; whoever answers has to bear that.
        listener = _syscall("seccomp listener", _number("seccomp"), 1, _FILTER_NEW_LISTENER, program)
    del keep
    return listener
