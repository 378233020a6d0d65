"""How a forked child of the shim becomes the container's program. Imported by the shim."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import resource
import struct
import termios
from typing import TYPE_CHECKING, NoReturn

from dockmagic.linux import idmap, inherited, kernel
from dockmagic.runtime.messages.init import InitReport

from . import accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.runtime.messages.process_spec import ProcessSpec

__all__ = [
    "NOT_EXECUTABLE", "NOT_FOUND", "Refusal", "begin", "not_entered", "open_terminal", "prepare", "resize",
]  # fmt: skip

_NOT_STARTED = 125
_DESCRIPTORS = 1 << 20  # more than there can be
_NULL = os.makedev(1, 3)  # /dev/null (devices.txt)
NOT_EXECUTABLE = 126
NOT_FOUND = 127


class Refusal(Exception):
    """The program cannot be started; `code` is docker's exit code for it."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


_SIZE = (40, 120)


def open_terminal() -> tuple[int, int]:
    """A new pseudo-terminal of the container's own devpts: master and slave."""
    master = os.open("/dev/pts/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, 0x40045431, b"\0\0\0\0")  # TIOCSPTLCK: unlock
    number = int.from_bytes(fcntl.ioctl(master, 0x80045430, b"\0\0\0\0"), "little")  # TIOCGPTN
    slave = os.open(f"/dev/pts/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    # Until somebody says how large it is: with no size at all, line editors fold what is typed.
    resize(master, *_SIZE)
    return master, slave


def resize(master: int, rows: int, columns: int) -> None:
    """Tell a terminal how large it is."""
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def prepare(
    program: ProcessSpec,
    stdio: tuple[int, int, int],
    *,
    users: str,
    code: bytes,
    recorder: bytes,
    own: int,
    kept: tuple[int, ...],
    tell: Callable[[InitReport, tuple[int, ...]], None],
) -> dict[str, str]:
    """Give up all that `program` is not to have, and have what it has. Namespaces and mounts are there.

    Afterwards nobody in the container who looks into this process, or a child of it, finds more rights than a program
    of the container has, nor anything of who started it.

    Args:
        program: what is to be run.
        stdio: what becomes descriptors 0, 1 and 2.
        users: whom the program may become: ``any``; ``one``, who goes by any number; or ``none`` but whom it is.
        code: the seccomp filter; empty for none.
        recorder: the filter that sends what changes owners to a recorder; empty for none.
        own: descriptor of /proc/self, where the /proc that is mounted does not have this process; -1 where it has.
        kept: further descriptors that stay open, all others are closed.
        tell: sends the shim a message with descriptors: the recorder's, and whose the program's files are.

    Returns:
        The program's environment.

    Raises:
        Refusal: there is no such folder or user.
    """
    try:
        if users == "none":
            account = accounts.Account(os.geteuid(), os.getegid(), [], "/")
        else:
            account = accounts.find(program.user, program.groups)
    except ValueError as error:
        raise Refusal(str(error), not_entered(program)) from None
    _take(stdio, account, (own, *kept) if own >= 0 else kept)
    _work_in(program.cwd or "/", make=program.make_cwd, code=not_entered(program))
    environment = dict(word.partition("=")[::2] for word in program.env)
    environment["HOME"] = environment.get("HOME") or account.home  # an empty one counts as none (runc)
    os.umask(0o022)
    _limit(program.rlimits, exactly=False)
    inherited.forget_signals()
    if program.no_new_privs:
        kernel.no_new_privileges()
    capabilities = program.capabilities
    if users == "one":
        tell(InitReport(user=[account.uid, account.gid]), ())
        if account.uid or account.gid:
            idmap.become_other(account.uid, account.gid, own if own >= 0 else idmap.open_own())
        elif recorder:
            listener = kernel.listen_filter(recorder)
            tell(InitReport(listens=True), (listener,))
            os.close(listener)
    if own >= 0:
        os.close(own)
    kernel.keep_to_itself()
    kernel.drop_bounding(capabilities)
    # While this process may still do all, for without rights a filter asks for no_new_privs. Docker's list has every
    # call that comes after it.
    if code:
        kernel.install_filter(code)
    if users == "any":
        os.setgroups(account.groups)
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    if users != "none":
        _grant(0 if account.uid else capabilities)
    return environment


def begin(program: ProcessSpec, environment: dict[str, str]) -> NoReturn:
    """Become the program, when all is prepared.

    Raises:
        Refusal: there is no such program.
    """
    os.setsid()
    if program.tty:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    _limit(program.rlimits, exactly=True)
    kernel.keep_to_itself()
    kernel.die_with_parent()
    _execute(program.argv, environment)


def _limit(rlimits: list[list[int]], *, exactly: bool) -> None:
    """Hold this process to these limits; before it has given up its rights they are only raised: it still has to fork.

    Raises:
        Refusal: this machine does not allow one.
    """
    for kind, *wanted in rlimits:
        try:
            if exactly:
                resource.setrlimit(kind, (wanted[0], wanted[1]))
            else:
                now = resource.getrlimit(kind)
                soft, hard = (old if _covers(old, new) else new for old, new in zip(now, wanted, strict=True))
                resource.setrlimit(kind, (soft if _covers(hard, soft) else hard, hard))
        except (OSError, ValueError) as error:
            # Python tells of a refusal as of a wrong value.
            reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else os.strerror(errno.EPERM)
            raise Refusal(f"error setting rlimit type {kind}: {reason.lower()}", _NOT_STARTED) from None


def _covers(one: int, other: int) -> bool:
    return one == resource.RLIM_INFINITY or (other != resource.RLIM_INFINITY and one >= other)


def _grant(capabilities: int) -> None:
    try:
        kernel.set_capabilities(capabilities)
    except PermissionError:
        raise Refusal("--cap-add asks for more capabilities than this machine's root has", _NOT_STARTED) from None


def _take(stdio: tuple[int, int, int], account: accounts.Account, kept: tuple[int, ...]) -> None:
    """Have these as descriptors 0, 1 and 2, and no others but those in `kept`."""
    for number, descriptor in enumerate(stdio):
        os.dup2(descriptor, number, inheritable=True)
        if os.fstat(number).st_rdev == _NULL:
            continue  # the machine's own, and anybody may open it
        try:
            os.fchown(number, account.uid, account.gid)  # so that /dev/stdout can be opened
        except OSError:
            continue
    # Not only at the end: whoever in the container looks at us before that finds nothing of the machine open.
    for low, high in itertools.pairwise((2, *sorted(kept), _DESCRIPTORS)):
        os.closerange(low + 1, high)


def not_entered(program: ProcessSpec) -> int:
    """Docker's code where the user or the folder is wrong: 125 at a container's start, 126 for one more program."""
    return _NOT_STARTED if program.make_cwd else NOT_EXECUTABLE


def _work_in(path: str, *, make: bool, code: int) -> None:
    try:
        if make:
            os.makedirs(path, 0o755, exist_ok=True)
        os.chdir(path)
        # CVE-2024-21626: a working folder such as /proc/self/fd/8 that lies outside the root.
        if not os.getcwd().startswith("/"):
            raise FileNotFoundError
    except FileExistsError:
        raise Refusal(f"the working folder {path} cannot be entered: Not a directory", code) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "it lies outside the container"
        raise Refusal(f"the working folder {path} cannot be entered: {reason}", code) from None


def _execute(argv: list[str], environment: dict[str, str]) -> NoReturn:
    name = argv[0]
    places = [name] if "/" in name else [f"{folder or '.'}/{name}" for folder in environment.get("PATH", "").split(":")]
    denied = None
    for place in places:
        try:
            os.execve(place, argv, environment)  # noqa: S606  (the command is what the user asked for)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            denied = denied or error
    if denied is not None:
        reason = (os.strerror(denied.errno) if denied.errno else str(denied)).lower()
        raise Refusal(f'exec: "{name}": {reason}', NOT_EXECUTABLE)
    reason = "no such file or directory" if "/" in name else "executable file not found in $PATH"
    raise Refusal(f'exec: "{name}": {reason}', NOT_FOUND)
