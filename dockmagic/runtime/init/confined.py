"""A program in a copy of its image's files, without namespaces: by chroot or by proot. Imported by the shim."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any, Final

from dockmagic.linux import bpf, kernel

from . import accounts, process
from .facts import write_facts

__all__ = ["enter", "filter_for_proot", "furnish", "open_terminal", "proot_command"]

_DEVICES: Final = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0),
}  # fmt: skip
_FILES: Final = ("hostname", "hosts", "resolv.conf")
_PTS: Final = 136  # major number of pseudo-terminals (devices.txt)
_SYS_ADMIN: Final = 21
_NOT_STARTED: Final = 125
_STATX: Final = {"x86_64": 332, "aarch64": 291, "i386": 383}
_CLONE3, _OPENAT2, _FACCESSAT2, _FCHMODAT2 = 435, 437, 439, 452
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def furnish(spec: dict[str, Any]) -> None:
    """Put devices, and the files that say where it is, into the container's copy. They are no part of its changes.

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
            break  # proot shows the machine's own
    for name in ("shm", "pts"):
        _make_folder(f"{root}/dev/{name}")
    os.chmod(f"{root}/dev/shm", 0o1777)  # noqa: S103  (likewise)
    for name in ("proc", "sys"):
        _make_folder(f"{root}/{name}")
    if not spec["proot"]:  # which shows the machine's own
        write_facts(root)
    _make_folder(f"{root}/etc")
    before = os.stat(f"{root}/etc")
    for name in _FILES:
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


def enter(spec: dict[str, Any], what: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Make the container's copy the root of this process.

    Returns:
        `what` is to be run, with no more capabilities than there are, and whether it may be put under a filter without
        losing set-id programs (seccomp(2)).
    """
    with open("/proc/self/status", "rb") as file:
        permitted = next(int(line.split()[1], 16) for line in file if line.startswith(b"CapPrm:"))
    os.chroot(f"{spec['folder']}/merged")
    os.chdir("/")
    may_filter = bool(permitted >> _SYS_ADMIN & 1) or what["no_new_privs"]
    return what | {"capabilities": what["capabilities"] & permitted}, may_filter


def filter_for_proot() -> bytes:
    """A filter that hides calls from programs that old versions of proot do not translate: they take others then."""
    machine = os.uname().machine
    program = [bpf.load(4)]
    for architecture in (machine, *bpf.RUN_TOO.get(machine, ())):
        hidden = [bpf.load(0)]
        for number in (_STATX[architecture], _CLONE3, _OPENAT2, _FACCESSAT2, _FCHMODAT2):
            hidden += [bpf.equal(number, 0, 1), bpf.fail(errno.ENOSYS)]
        hidden.append(bpf.give(bpf.ALLOW))
        program += [bpf.equal(bpf.ARCHITECTURES[architecture], 1, 0), bpf.skip(len(hidden)), *hidden]
    return bpf.assemble([*program, bpf.give(bpf.ALLOW)])


def proot_command(spec: dict[str, Any], what: dict[str, Any]) -> dict[str, Any]:
    """`what` is to be run, as proot runs it.

    Raises:
        Refusal: there is no such program, folder or user.
    """
    merged = f"{spec['folder']}/merged"
    root = os.open(merged, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        account = accounts.find(what["user"], what["groups"], root=merged)
    except ValueError as error:
        raise process.Refusal(str(error), process.not_entered(what)) from None
    folder = what["cwd"] or "/"
    environment = dict(word.partition("=")[::2] for word in what["env"])
    _check_program(root, what["argv"][0], folder, environment.get("PATH", ""))
    if what.get("make_cwd"):
        _make_inside(root, folder)
    os.close(root)
    # -v -1: what it has to say is not to stand among what the program says.
    argv = [spec["proot"], "-v", "-1", "-r", merged, "-w", folder, "-i", f"{account.uid}:{account.gid}"]
    for place in ("/proc", "/dev", "/sys"):
        argv += ["-b", place]
    for mount in spec["mounts"]:
        if mount["target"].removeprefix("/etc/") not in _FILES:
            argv += ["-b", f"{mount['source']}:{mount['target']}"]
    environment.setdefault("HOME", account.home)
    env = [f"{name}={value}" for name, value in environment.items()]
    return what | {
        "argv": [*argv, *what["argv"]],
        "env": env,
        "cwd": "/",
        "make_cwd": False,
        "no_new_privs": True,  # without rights it must be so for a filter
    }


def _make_inside(root: int, path: str) -> None:
    """Make the working folder `path` and those above it; links lead nowhere but inside."""
    done = ""
    for part in (part for part in path.split("/") if part):
        above, done = done or "/", f"{done}/{part}"
        try:
            try:
                folder = kernel.open_in_root(root, done, os.O_PATH | os.O_DIRECTORY)
            except FileNotFoundError:
                folder = kernel.open_in_root(root, above, os.O_RDONLY | os.O_DIRECTORY)
                os.mkdir(part, 0o755, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.EPERM):
                return  # as below
            reason = os.strerror(error.errno or 0)
            raise process.Refusal(f"the working folder {path} cannot be entered: {reason}", _NOT_STARTED) from None
        os.close(folder)


def _check_program(root: int, name: str, folder: str, path: str) -> None:
    places = [f"{place or folder}/{name}" for place in path.split(":")] if "/" not in name else [f"{folder}/{name}"]
    if name.startswith("/"):
        places = [name]
    for place in places:
        try:
            found = kernel.open_in_root(root, place, os.O_PATH)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.EPERM):
                return  # an old filter knows no openat2: proot will say it in its own words
            continue
        mode = os.fstat(found).st_mode
        os.close(found)
        if stat.S_ISREG(mode) and mode & 0o111:
            return
        raise process.Refusal(f'exec: "{name}": permission denied', process.NOT_EXECUTABLE)
    reason = "no such file or directory" if "/" in name else "executable file not found in $PATH"
    raise process.Refusal(f'exec: "{name}": {reason}', process.NOT_FOUND)
