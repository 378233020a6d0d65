"""A fork server: starts shims and workers by forking a process that has imported what they need.

A helper of its own takes 30 to 80 ms to begin, nearly all of it imports; forked from one that has them, 2 ms.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
from typing import TYPE_CHECKING, Self

from dockmagic.runtime.messages.fork_server import Forked, ForkRequest

from . import helper
from .connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ForkServer", "ForkedChild"]


class ForkServer:
    """Starts helpers for as long as it is open; safe to be used by several threads.

    What it has started lives on when it is closed.

    Args:
        modules: that will be wanted first, as for `expect`.
    """

    def __init__(self, *modules: str) -> None:
        self._lock = threading.Lock()
        self._connection, self._process = helper.spawn("runtime.machine.fork_server_process")
        self.expect(*modules)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let it end."""
        self._connection.close()
        self._process.wait()

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Let this thread's helpers come from here (`helper.launch`)."""
        token = helper.LAUNCHER.set(self)
        try:
            yield
        finally:
            helper.LAUNCHER.reset(token)

    def expect(self, *modules: str) -> None:
        """Have modules imported as soon as nothing else is to do, for the helpers that will be asked for soon."""
        with self._lock, contextlib.suppress(BrokenPipeError):  # if it is gone, `launch` says so
            self._connection.send(ForkRequest(preload=list(modules)))

    def launch(self, module: str, errors: int) -> tuple[Connection, helper.Child]:
        """What `helper.launch` does.

        Raises:
            OSError: it is gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as opened:
            connection = opened.enter_context(Connection(ours))
            with theirs, self._lock:
                self._connection.send(ForkRequest(module=module), (theirs.fileno(), errors))
                answer, _ = self._connection.hear(Forked)
                if answer is None:
                    raise ConnectionResetError("the fork server is gone")
                # It reaps its children only when it is asked again, so the number is still this one's.
                child = ForkedChild(answer.pid)
            opened.pop_all()
        return connection, child


class ForkedChild:
    """A process that is somebody else's child."""

    def __init__(self, pid: int) -> None:
        self._pidfd = os.pidfd_open(pid)

    def wait(self) -> int:
        """Wait for its end; how it ended, only its parent could tell."""
        if self._pidfd >= 0:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            poll.poll()
            os.close(self._pidfd)
            self._pidfd = -1
        return 0

    def kill(self) -> None:
        """End it."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
