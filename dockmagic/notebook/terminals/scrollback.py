"""What a terminal was sent, the last bytes of it: enough to draw it again in a page that is loaded again."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Scrollback"]

_LIMIT: Final = 2 << 20
_SPARE: Final = 1 << 18
#: DEC private modes (ECMA-48 8.3.106 with a private parameter): another screen, the cursor, the mouse, pasting.
_MODE = re.compile(rb"\x1b\[\?([\d;]{1,40})([hl])")


class Scrollback:
    """A log of bytes with an end that grows and a beginning that follows it.

    Args:
        limit: bytes that are kept at least, once so many have come.

    Attributes:
        end: bytes that have come.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self.end = 0
        self._limit = limit
        self._kept = bytearray()
        self._modes: dict[bytes, bytes] = {}

    @property
    def start(self) -> int:
        """Where what is kept begins."""
        return self.end - len(self._kept)

    def append(self, data: bytes) -> None:
        """Take the next bytes."""
        self._kept += data
        self.end += len(data)
        if len(self._kept) <= self._limit + min(_SPARE, self._limit):
            return
        cut = len(self._kept) - self._limit
        line = self._kept.find(b"\n", cut, cut + 4096)
        cut = line + 1 if line >= 0 else cut
        for found in _MODE.finditer(self._kept[:cut]):
            for mode in found[1].split(b";"):
                self._modes[bytes(mode)] = bytes(found[2])
        del self._kept[:cut]

    def modes(self) -> bytes:
        """What sets the modes that were in force where what is kept begins."""
        return b"".join(b"\x1b[?%s%s" % mode for mode in self._modes.items())

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`, which is not before `start`."""
        at = offset - self.start
        return bytes(self._kept[at : at + size])
