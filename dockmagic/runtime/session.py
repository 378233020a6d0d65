"""A conversation with a running program: its output as it comes, its input, its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
from typing import TYPE_CHECKING, Protocol, Self

from dockmagic.linux.wakeup import Wakeup
from dockmagic.oci.errors import DockmagicError

from .messages.shim import ReleaseRequest, ResizeRequest, ShimAnswer, SignalRequest
from .shim import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from .machine.connection import Connection

    Output = Callable[[int, bytes], None]

__all__ = ["Session", "Source"]

_CHUNK = 1 << 16


class Source(Protocol):
    """Something that is read as it has something, such as a terminal with keys that mean more than their bytes."""

    def fileno(self) -> int:
        """The descriptor to wait for."""
        ...

    def read(self) -> bytes | None:
        """What has come; None at the end. What it raises ends `Session.follow`, and the program goes on."""
        ...


class _Descriptor:
    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def read(self) -> bytes | None:
        return os.read(self._number, _CHUNK) or None


class Session:
    """One program that is followed: a container's own, by way of its log, or one of ``exec``, by its pipes.

    Args:
        connection: to the shim, which tells the end.
        log_file: descriptor of the log; -1 for none.
        offset: where in the log to begin.
        pipes: descriptors to read, and which stream each is.
        into: descriptor for the program's input; -1 for none.
        terminal: whether `into` is a terminal.

    Attributes:
        unlogged: why the log lacks something of the output; empty if it has all.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        log_file: int = -1,
        offset: int = 0,
        pipes: dict[int, int] | None = None,
        into: int = -1,
        terminal: bool = False,
    ) -> None:
        self.connection = connection
        self.terminal = terminal
        self.exit_code: int | None = None
        self._log = log_file
        self._offset = offset
        self._end: int | None = None  # of what is to be read in the log, where the pipes go on
        self.unlogged = ""
        self._pipes = pipes or {}
        self._into = into

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the program; it goes on."""
        self.close_input()
        for descriptor in self._pipes:
            os.close(descriptor)
        self._pipes = {}
        if self._log >= 0:
            os.close(self._log)
            self._log = -1
        self.connection.close()

    def close_input(self) -> None:
        """Let the program see the end of its input."""
        if self._into >= 0:
            os.close(self._into)
            self._into = -1

    def resize(self, rows: int, columns: int) -> None:
        """Tell the program how large its terminal is."""
        if not self.terminal:
            return
        if self._into >= 0:
            fcntl.ioctl(self._into, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        else:
            with contextlib.suppress(OSError):
                self.connection.send(ResizeRequest(rows=rows, columns=columns))

    def write(self, data: bytes) -> None:
        """Send input, all of it; waits while the program does not read."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._into, view) :]

    def news(self) -> bool:
        """Wait until the program has written something or has ended; false if it has ended before."""
        if self.exit_code is not None:
            return False
        try:
            self._hear()
        except DockmagicError:
            return False
        return True

    def send_signal(self, number: int, *, insist: bool = False) -> None:
        """Send the program that is followed a signal; nothing if it has ended.

        Args:
            number: of the signal.
            insist: if the program has made no provision for it, end it: the kernel keeps the signal from a process 1.
        """
        with contextlib.suppress(OSError):
            self.connection.send(SignalRequest(number=int(number), insist=insist))

    def release(self) -> None:
        """Let the container outlive the process that it was started for; when this returns, that may end."""
        with contextlib.suppress(OSError):
            self.connection.send(ReleaseRequest())
            answer: ShimAnswer | None = ShimAnswer()
            while answer is not None and not (answer.released or answer.ended):
                answer, passed = self.connection.hear(ShimAnswer)
                if answer is not None:
                    self._mind(answer, passed)

    def follow(self, on_output: Output, *, stdin: int | bytes | Source | None = None) -> int:
        """Hand out output until the program ends.

        Args:
            on_output: gets stream (1 or 2) and bytes, in the order in which they were written.
            stdin: input for the program: bytes, or a descriptor or source that is read as it has something. Its end is
                passed on.

        Returns:
            The exit code.

        Raises:
            DockmagicError: the shim is gone, so nobody knows how it ended.
        """
        pending = memoryview(stdin) if isinstance(stdin, bytes) else memoryview(b"")
        source = _Descriptor(stdin) if isinstance(stdin, int) else None if isinstance(stdin, bytes) else stdin
        if isinstance(stdin, bytes) and self._into >= 0:
            os.set_blocking(self._into, False)
        if isinstance(stdin, bytes) and not stdin:
            self._end_input()
        with Wakeup.armed() as wakeup:
            while True:
                self._read_log(on_output)
                if self.exit_code is not None:
                    break
                ready = self._wait([waited.fileno() for waited in (source, wakeup) if waited], writing=bool(pending))
                if wakeup and wakeup.fileno() in ready:
                    wakeup.rest()
                if self._into >= 0 and self._into in ready and pending:
                    pending = self._feed(pending)
                for descriptor in [d for d in self._pipes if d in ready]:
                    self._read_pipe(descriptor, on_output)
                if source and source.fileno() in ready:
                    data = source.read()
                    if data is None or self._into < 0:
                        self._end_input()
                        source = None
                    else:
                        self._forward(data)
                if self.connection.sock.fileno() in ready:
                    self._hear()
        for descriptor in list(self._pipes):
            # What is in the pipe still belongs to it; a child that lives on may write later, to nobody.
            os.set_blocking(descriptor, False)
            while descriptor in self._pipes and self._read_pipe(descriptor, on_output):
                pass
        return self.exit_code

    def _wait(self, others: list[int], *, writing: bool) -> set[int]:
        poll = select.poll()
        for descriptor in (self.connection.sock.fileno(), *self._pipes, *others):
            poll.register(descriptor, select.POLLIN)
        if writing and self._into >= 0:
            poll.register(self._into, select.POLLOUT)
        return {descriptor for descriptor, _ in poll.poll()}

    def _hear(self) -> None:
        message, passed = self.connection.hear(ShimAnswer)
        if message is None:
            raise DockmagicError(
                "the container's keeper is gone, and nobody knows how its program ended",
                hint="Look at `ps -a` and `logs CONTAINER`",
            )
        self._mind(message, passed)

    def _hear_what_waits(self) -> bool:
        """Hear what has been said already, but not that nobody is there any more; whether there was something."""
        poll = select.poll()
        poll.register(self.connection.sock, select.POLLIN)
        heard = False
        while self.exit_code is None and poll.poll(0):
            message, passed = self.connection.hear(ShimAnswer)
            if message is None:
                break
            self._mind(message, passed)
            heard = True
        return heard

    def _mind(self, message: ShimAnswer, passed: list[int]) -> None:
        if message.exit is not None:
            self.exit_code = message.exit
        if message.past is not None:
            self._end = message.past
            self._pipes |= zip(passed, (log.STDOUT, log.STDERR), strict=True)
            self.unlogged = message.why or ""

    def _read_log(self, on_output: Output) -> None:
        while self._log >= 0:
            frames, offset = log.read(self._log, self._offset)
            heard = self._hear_what_waits()
            if self._end is not None and offset > self._end:
                # What came later is in the pipes, together with what the log does not have.
                frames, offset = log.read(self._log, self._offset, self._end - self._offset)
            self._offset = offset
            for frame in frames:
                on_output(frame.stream, frame.data)
            if not (frames or heard):  # who said something may have written before
                return

    def _read_pipe(self, descriptor: int, on_output: Output) -> bool:
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""  # EIO: the terminal's last user has gone
        if data:
            on_output(self._pipes[descriptor], data)
            return True
        if descriptor != self._into:
            os.close(descriptor)
        del self._pipes[descriptor]
        return False

    def _feed(self, pending: memoryview) -> memoryview:
        try:
            pending = pending[os.write(self._into, pending[:_CHUNK]) :]
        except BlockingIOError:
            return pending
        except OSError:
            pending = memoryview(b"")  # it reads no more
        if not pending:
            self._end_input()
        return pending

    def _forward(self, data: bytes) -> None:
        try:
            self.write(data)
        except OSError:
            self.close_input()

    def _end_input(self) -> None:
        if self.terminal and self._into >= 0:
            os.write(self._into, b"\x04")  # a terminal has no end but what its line discipline makes of this
        else:
            self.close_input()
