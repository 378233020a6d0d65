"""Requests to the shim of a running container: to follow it, to signal it, to wait for its end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

from dockmagic.docker_py import refuses
from dockmagic.oci.errors import Conflict, NotSupported
from dockmagic.oci.signals import parse_signal

from .container_record import ContainerRecord
from .machine.connection import Connection
from .messages.shim import AttachRequest, ShimAnswer, SignalRequest, WaitRequest, WatchRequest
from .session import Session
from .shim import log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages.message import Message


__all__ = ["ContainerConnection"]


class ContainerConnection(ContainerRecord):
    """A container whose shim is spoken to."""

    def attach(self, *, stdin: bool = True) -> Session:
        """Follow what it writes from now on, and feed its input.

        Raises:
            Conflict: it does not run.
            NotSupported: nobody but who started it hears it.
        """
        if not self.record.keep_log:
            raise NotSupported(f"the output of {self.name} goes to who started it only")
        connection = self._connect()
        answer, passed = connection.ask(AttachRequest(stdin=stdin), ShimAnswer)
        if answer is None or answer.offset is None:
            connection.close()
            raise Conflict(f"the container {self.name} is not running", hint=f"Start it: `start {self.name}`")
        log_file = os.open(self.folder / "log", os.O_RDONLY | os.O_CLOEXEC)
        return self._session(connection, log_file, answer.offset, passed)

    def _watch(self) -> Session:
        """Hear when the log has grown (`Session.news`), and of the end."""
        connection = self._connect()
        answer, _ = connection.ask(WatchRequest(), ShimAnswer)
        if answer is None or answer.error is not None:
            connection.close()
            raise Conflict(f"the container {self.name} is not running")
        return Session(connection)

    def _session(self, connection: Connection, log_file: int, offset: int, passed: list[int]) -> Session:
        return Session(
            connection,
            log_file=log_file,
            offset=offset,
            into=passed[0] if passed else -1,
            terminal=self.record.tty,
        )

    def _connect(self) -> Connection:
        try:
            return Connection.to(self.folder)
        except OSError:
            raise Conflict(f"the container {self.name} is not running", hint=f"Start it: `start {self.name}`") from None

    def _ask(self, request: Message) -> ShimAnswer:
        with self._connect() as connection:
            answer, _ = connection.ask(request, ShimAnswer)
        if answer is None or answer.error is not None:
            raise Conflict(f"the container {self.name} is not running")
        return answer

    @refuses("Container.kill")
    def kill(self, number: int | str = signal.SIGKILL) -> None:
        """Send its program a signal, by its number or by a name such as ``TERM``.

        Raises:
            Conflict: it does not run.
            InvalidInput: no such signal.
        """
        self._ask(SignalRequest(number=parse_signal(number) if isinstance(number, str) else int(number)))

    def _awaited_exit(self) -> int:
        # It ended while we were asking: the shim writes the state before it goes.
        for _ in range(200):
            state = self.state
            if state.status == "exited":
                return state.exit_code
            time.sleep(0.01)
        return self.state.exit_code

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end; the exit code, or None if it still runs after `timeout` seconds."""
        try:
            connection = self._connect()
        except Conflict:
            return self._awaited_exit() if self.state.status != "created" else 0
        with connection:
            connection.sock.settimeout(timeout)
            try:
                answer, _ = connection.ask(WaitRequest(), ShimAnswer)
                while answer is not None and answer.error is None:
                    if answer.exit is not None:
                        return answer.exit
                    answer, _ = connection.hear(ShimAnswer)
            except (TimeoutError, BlockingIOError):  # the latter where it is not to wait at all
                return None
        return self._awaited_exit()

    @refuses("Container.logs")
    def logs(self, *, follow: bool = False) -> Iterator[log.Frame]:
        """Everything that it has written so far, of all its runs; with `follow` what it goes on to write, too."""
        try:
            descriptor = os.open(self.folder / "log", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        session = None
        try:
            if follow:
                with contextlib.suppress(Conflict):
                    session = self._watch()
            offset = 0
            while True:
                frames, offset = log.read(descriptor, offset)
                yield from frames
                if not frames and (session is None or not session.news()):
                    return
        finally:
            os.close(descriptor)
            if session is not None:
                session.close()
