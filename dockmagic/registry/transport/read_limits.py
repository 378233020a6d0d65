"""Limits for how a message arrives, held where its bytes are read, below everything that interprets them.

A time limit for each read says nothing about an answer that brings a byte a minute, and HTTP has parts of any length:
interim answers, sizes of chunks, trailers.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .retry import RetryPolicy

__all__ = ["LimitedReader", "Malformed", "TooSlow", "limited_reader"]

_LINES = 512  # in a row: http.client takes 100 headers, and no answer has that many interim ones or trailers
_LONGEST_LINE = 1 << 16


class Malformed(Exception):
    """A message that breaks the rules of HTTP, in a way that no second try mends."""


class TooSlow(Exception):
    """A message that arrives more slowly than is waited for."""


class _Arrival(io.RawIOBase):
    """The bytes of one answer as they come, and the time that was spent waiting for them.

    The window begins with the first byte: until then a server may think. What the reader does in between does not
    count.

    Attributes:
        deadline: by the monotonic clock, for what is being read now; None for content, which may go on for hours.
    """

    def __init__(self, raw: io.RawIOBase, retry_policy: RetryPolicy, slow: type[TooSlow]) -> None:
        self._raw = raw
        self._slow = slow
        self._retry_policy = retry_policy
        self._waited = 0.0
        self._bytes: int | None = None
        self.deadline: float | None = None

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        """Read what has come.

        Raises:
            TooSlow: too little has come in the last window.
        """
        begin = time.monotonic()
        count = self._raw.readinto(buffer)
        if self.deadline is not None and begin > self.deadline and count:
            raise self._slow
        if self._bytes is None:
            self._bytes = 0
            return count
        self._waited += time.monotonic() - begin
        self._bytes += count or 0
        if self._waited >= self._retry_policy.window and count:
            if self._bytes < self._retry_policy.slowest * self._waited:
                raise self._slow
            self._waited, self._bytes = 0.0, 0
        return count

    def restart(self) -> None:
        """Begin a window with the next byte."""
        self._waited, self._bytes = 0.0, None

    def close(self) -> None:
        """Close the socket's end of it."""
        self._raw.close()
        super().close()


class LimitedReader(io.BufferedReader):
    """Buffers what arrives; lines have a longest length, and end when too many come one after another."""

    def __init__(self, arrival: _Arrival, seconds: float, malformed: type[Malformed]) -> None:
        super().__init__(arrival)
        self._malformed = malformed
        self._arrival = arrival
        self._seconds = seconds
        self._lines = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line.

        Raises:
            Malformed: it is too long, or one too many.
            TooSlow: it and those before it take too long.
        """
        if self._lines == 0:
            self._arrival.deadline = time.monotonic() + self._seconds
        self._lines += 1
        line = super().readline(_LONGEST_LINE + 1 if size is None or size < 0 else size)
        if self._lines > _LINES or len(line) > _LONGEST_LINE + 1:
            raise self._malformed("lines without end")
        return line

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes of a body."""
        self._begin_content()
        return super().read(size)

    def read1(self, size: int = -1, /) -> bytes:
        """Bytes of a body that have come."""
        self._begin_content()
        return super().read1(size)

    def readinto(self, buffer: Buffer, /) -> int:
        """Bytes of a body."""
        self._begin_content()
        return super().readinto(buffer)

    def readinto1(self, buffer: Buffer, /) -> int:
        """Bytes of a body that have come."""
        self._begin_content()
        return super().readinto1(buffer)

    def restart(self) -> None:
        """Forget what has been: a message begins."""
        self._begin_content()
        self._arrival.restart()

    def _begin_content(self) -> None:
        self._lines = 0
        self._arrival.deadline = None


def limited_reader(
    stream: Any, retry_policy: RetryPolicy, *, slow: type[TooSlow] = TooSlow, malformed: type[Malformed] = Malformed
) -> LimitedReader:
    """The same bytes as those of a socket's `makefile`, within limits.

    Args:
        stream: what `makefile` gave.
        retry_policy: the limits.
        slow: the error for bytes that arrive too slowly.
        malformed: the error for lines that break the rules.
    """
    return LimitedReader(_Arrival(stream.detach(), retry_policy, slow), retry_policy.document, malformed)
