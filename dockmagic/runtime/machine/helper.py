"""Starts the small Python processes (shim, worker) that may enter namespaces, and speaks to them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from .connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LAUNCHER", "Child", "Launcher", "ahead", "launch", "spawn"]

_MFD_EXEC = 0x10
_SEALS = 0x1 | 0x2 | 0x4 | 0x8  # seal, shrink, grow, write (fcntl(2), "File Sealing")
# The interpreter is isolated and reads no site folder, so it must be told where the packages lie.
_PASSED = ("LD_LIBRARY_PATH", "DOCKMAGIC_MAX_LAYER_SIZE")
_PACKAGES = [str(Path(__file__).resolve().parents[3]), *(place for place in sys.path if Path(place).is_absolute())]


class Child(Protocol):
    """A helper process."""

    def wait(self) -> int:
        """Wait for its end."""
        ...

    def kill(self) -> None:
        """End it."""
        ...


class Launcher(Protocol):
    """Starts helpers in another way: `fork_server.ForkServer`."""

    def launch(self, module: str, errors: int) -> tuple[Connection, Child]:
        """As the function of this name."""
        ...


#: Who starts the helpers that this thread asks for; None for processes of their own.
LAUNCHER: ContextVar[Launcher | None] = ContextVar("LAUNCHER", default=None)


def launch(module: str, *, errors: IO[bytes] | None = None) -> tuple[Connection, Child]:
    """Start ``dockmagic.MODULE`` as a process of its own; its descriptor 0 is our end's other side.

    Args:
        module: has a `main()`.
        errors: takes what it writes to standard error; None for nothing.
    """
    launcher = LAUNCHER.get()
    if launcher is None:
        return spawn(module, errors=errors)
    if errors is not None:
        return launcher.launch(module, errors.fileno())
    with open(os.devnull, "wb") as nothing:
        return launcher.launch(module, nothing.fileno())


class _Ahead:
    """One helper that is on its way before it is asked for."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._ready: tuple[Connection, Child] | None = spawn(module)

    def launch(self, module: str, errors: int) -> tuple[Connection, Child]:
        """As the function of this name; the first of its kind is there already."""
        ready = self._ready
        if module == self._module and ready is not None:
            self._ready = None
            return ready
        with os.fdopen(os.dup(errors), "wb") as file:
            return spawn(module, errors=file)

    def close(self) -> None:
        if self._ready is not None:
            connection, child = self._ready
            connection.close()  # it ends when there is nothing to do for it
            child.wait()


@contextlib.contextmanager
def ahead(module: str) -> Iterator[None]:
    """Start a helper now that `launch` will be asked for inside the block: it imports while we do other things."""
    if LAUNCHER.get() is not None:
        yield
        return
    waiting = _Ahead(module)
    token = LAUNCHER.set(waiting)
    try:
        yield
    finally:
        LAUNCHER.reset(token)
        waiting.close()


def _interpreter() -> str:
    """A copy of the interpreter that nobody can write to, if there can be one.

    A program in a container may get at what the process was that became it (``#!/proc/self/exe``, CVE-2019-5736), and
    the interpreter may be a file of ours: it would run whatever is written there with our rights.
    """
    # By way of this process, since the new one closes all that it has inherited.
    place = f"/proc/{os.getpid()}/fd/{_sealed_interpreter()}"
    return place if os.access(place, os.X_OK) else sys.executable


@cache
def _sealed_interpreter() -> int:
    try:
        try:
            copy = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING | _MFD_EXEC)
        except OSError:  # before Linux 6.3 all of them can be run
            copy = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open("/proc/self/exe", "rb", buffering=0) as file:
            while os.sendfile(copy, file.fileno(), None, 1 << 30):
                pass
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
    except (OSError, AttributeError):
        return -1
    return copy


def _environment() -> dict[str, str]:
    """Of its own: a container's programs may get to see what a helper has, and nothing in it is to depend on ours.

    Only what the interpreter itself cannot be loaded without comes along, and our own limits.
    """
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", **passed}


def spawn(module: str, *, errors: IO[bytes] | None = None) -> tuple[Connection, Child]:
    """The same, always with an interpreter of its own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Whoever waits for its end need not wait until Python has taken every object apart.
    code = (
        f"import os, sys; sys.path += {_PACKAGES!r}; from dockmagic.linux.inherited import forget; forget(); "
        f"from dockmagic.{module} import main; main(); os._exit(0)"
    )
    with theirs:
        child = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-I", "-S", "-c", code],
            executable=_interpreter(),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if errors is None else errors,
            cwd="/",
            env=_environment(),
        )
    return Connection(ours), child
