"""Programs at the user's terminal: their output, and the keys that are typed for them."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["PROXIED", "Conversation", "Ended", "TerminalOutput", "standard_input", "window_of"]

#: Signals to the command that are handed to the program it follows.
PROXIED: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
_CHUNK: Final = 1 << 16


def standard_input() -> int | None:
    """The descriptor of standard input; None if there is none."""
    try:
        return None if sys.stdin is None else sys.stdin.fileno()
    except (OSError, ValueError):
        return None


def window_of(descriptor: int) -> tuple[int, int]:
    """Rows and columns of a terminal."""
    rows, columns = struct.unpack("HHHH", fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8))[:2]
    return rows, columns


class Ended(BaseException):
    """A signal ends the command; `number` is its own. Nothing but the command itself is to catch it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class TerminalOutput:
    """Writes what programs write to standard output and standard error.

    Args:
        before: is called before the first bytes are written.
    """

    def __init__(self, before: Callable[[], None]) -> None:
        self._before: Callable[[], None] | None = before

    def __call__(self, stream: int, data: bytes) -> None:
        """Write `data` to stream 1 or 2."""
        if self._before is not None:
            self._before()
            self._before = None
        file = (sys.stdout if stream == 1 else sys.stderr).buffer
        file.write(data)
        file.flush()


class _Left(Exception):
    """The user typed the keys that leave the program; `typed` came before them."""

    def __init__(self, typed: bytes) -> None:
        super().__init__()
        self.typed = typed


class _Keys:
    """What is typed at a terminal, up to the keys that leave (a `Source`)."""

    def __init__(self, descriptor: int, leave: bytes) -> None:
        self._descriptor = descriptor
        self._leave = leave
        self._matched = 0

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> bytes | None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except OSError:
            data = b""  # the terminal is gone
        if not data:
            return None
        passed = bytearray()
        for byte in data:
            if self._leave and byte == self._leave[self._matched]:
                self._matched += 1
                if self._matched == len(self._leave):
                    raise _Left(bytes(passed))
                continue
            # What looked like the beginning of those keys was none.
            passed += self._leave[: self._matched]
            self._matched = int(bool(self._leave) and byte == self._leave[0])
            if not self._matched:
                passed.append(byte)
        return bytes(passed)


class Conversation:
    """A `Terminal`: the user's own, in raw mode while a program has it.

    Args:
        descriptor: the terminal.
        output: takes what the program writes.
    """

    def __init__(self, descriptor: int, output: TerminalOutput) -> None:
        self._descriptor = descriptor
        self._output = output

    def __call__(
        self,
        container: Container,  # noqa: ARG002  (as `Terminal`)
        session: Session,
        *,
        stdin: bool,
        detach_keys: bytes,
        command: str,  # noqa: ARG002  (likewise)
    ) -> int | None:
        """See `Terminal`."""
        with session, _resizing(session, self._descriptor), _raw(self._descriptor) if stdin else _nothing():
            try:
                return session.follow(self._output, stdin=_Keys(self._descriptor, detach_keys) if stdin else None)
            except _Left as left:
                session.write(left.typed)
                session.release()
        sys.stderr.write("read escape sequence\n")
        return None


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Let every key reach the program, those that send signals too; whatever ends this restores the terminal.

    Raises:
        Ended: by SIGTERM, or by SIGHUP as when the terminal's window is closed.
    """
    before = termios.tcgetattr(descriptor)

    def leave(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    handlers = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    tty.setraw(descriptor, termios.TCSADRAIN)  # what has been typed ahead stays
    try:
        yield
    finally:
        with suppress(termios.error):  # it has been hung up
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _resizing(session: Session, descriptor: int) -> Iterator[None]:
    """Keep the program's terminal as large as ours."""

    def resize(*_: object) -> None:
        session.resize(*window_of(descriptor))

    before = signal.signal(signal.SIGWINCH, resize)
    try:
        resize()  # it may have changed since the program was started
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
