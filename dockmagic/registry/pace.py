"""Limits for how a message arrives, held where its bytes are read, below everything that interprets them.

A time limit for each read says nothing about an answer that brings a byte a minute, and HTTP has parts of any length:
interim answers, sizes of chunks, trailers.
"""

from __future__ import annotations

import http.client
import io
import time
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ProtocolError, ReadTimeoutError

from .fields import number

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .patience import Patience

__all__ = ["Malformed", "PacedReader", "TooSlow", "paced", "response_class"]

_LINES = 512  # in a row: http.client takes 100 headers, and no answer has that many interim ones or trailers
_LONGEST_LINE = 1 << 16


class Malformed(ProtocolError):
    """An answer that breaks the rules of HTTP, in a way that no second try mends."""


class TooSlow(ReadTimeoutError):
    """An answer that arrives more slowly than is waited for."""

    def __init__(self) -> None:
        super().__init__(None, None, "the answer arrives too slowly")  # type: ignore[arg-type]


class _Arrival(io.RawIOBase):
    """The bytes of one answer as they come, and the time that was spent waiting for them.

    The window begins with the first byte: until then a server may think. What the reader does in between does not
    count.

    Attributes:
        deadline: by the monotonic clock, for what is being read now; None for content, which may go on for hours.
    """

    def __init__(self, raw: io.RawIOBase, patience: Patience) -> None:
        self._raw = raw
        self._patience = patience
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
            raise TooSlow
        if self._bytes is None:
            self._bytes = 0
            return count
        self._waited += time.monotonic() - begin
        self._bytes += count or 0
        if self._waited >= self._patience.window and count:
            if self._bytes < self._patience.slowest * self._waited:
                raise TooSlow
            self._waited, self._bytes = 0.0, 0
        return count

    def restart(self) -> None:
        """Begin a window with the next byte."""
        self._waited, self._bytes = 0.0, None

    def close(self) -> None:
        """Close the socket's end of it."""
        self._raw.close()
        super().close()


class PacedReader(io.BufferedReader):
    """Buffers what arrives; lines have a longest length, and end when too many come one after another."""

    def __init__(self, arrival: _Arrival, seconds: float) -> None:
        super().__init__(arrival)
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
            raise Malformed("lines without end")
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


def paced(stream: Any, patience: Patience) -> PacedReader:
    """The same bytes as those of a socket's `makefile`, within limits."""
    return PacedReader(_Arrival(stream.detach(), patience), patience.document)


def response_class(patience: Patience) -> type[http.client.HTTPResponse]:
    """The class of answers that keep these limits, for a connection of `http.client`."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = paced(self.fp, patience)

        def begin(self) -> None:
            super().begin()
            lengths = {number(text) for text in (self.headers.get("Content-Length") or "0").split(",")}
            # RFC 9112, section 6.3: nobody knows where such an answer ends.
            if not self.chunked and (len(lengths) > 1 or None in lengths):
                raise Malformed("a Content-Length that is no number")

    return Response
