"""A program under proot, which follows its system calls and translates their paths. Imported by the shim."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Any, Final

from dockmagic.linux import bpf, kernel

from . import accounts, process
from .confined import FILES

if TYPE_CHECKING:
    from dockmagic.runtime.messages.process_spec import ProcessSpec

__all__ = ["command", "compile_filter"]

_NOT_STARTED: Final = 125
_STATX: Final = {"x86_64": 332, "aarch64": 291, "i386": 383}
_CLONE3, _OPENAT2, _FACCESSAT2, _FCHMODAT2 = 435, 437, 439, 452


def compile_filter() -> bytes:
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


def command(spec: dict[str, Any], what: ProcessSpec) -> ProcessSpec:
    """`what` is to be run, as proot runs it.

    Raises:
        Refusal: there is no such program, folder or user.
    """
    merged = f"{spec['folder']}/merged"
    root = os.open(merged, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        account = accounts.find(what.user, what.groups, root=merged)
    except ValueError as error:
        raise process.Refusal(str(error), process.not_entered(what)) from None
    folder = what.cwd or "/"
    environment = dict(word.partition("=")[::2] for word in what.env)
    _check_program(root, what.argv[0], folder, environment.get("PATH", ""))
    if what.make_cwd:
        _make_inside(root, folder)
    os.close(root)
    # -v -1: what it has to say is not to stand among what the program says.
    argv = [spec["program"], "-v", "-1", "-r", merged, "-w", folder, "-i", f"{account.uid}:{account.gid}"]
    for place in ("/proc", "/dev", "/sys"):
        argv += ["-b", place]
    for mount in spec["mounts"]:
        if mount["target"].removeprefix("/etc/") not in FILES:
            argv += ["-b", f"{mount['source']}:{mount['target']}"]
    environment.setdefault("HOME", account.home)
    env = [f"{name}={value}" for name, value in environment.items()]
    return what.replaced(
        argv=[*argv, *what.argv],
        env=env,
        cwd="/",
        make_cwd=False,
        no_new_privs=True,  # without rights it must be so for a filter
    )


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
