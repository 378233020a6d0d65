"""Match a pattern with many stars in one pass, without backtracking."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FOLDERS", "Automaton"]

#: The piece for any number of whole folders.
FOLDERS: Final = "(?:.*/)?"
_KEPT: Final = 1 << 14


class _Kind(Enum):
    ONE = "fits one character"
    MANY = "fits any number of them"
    SKIP = "the next piece may be left out"
    FOLDERS = "fits all up to some slash"


class Automaton:
    """Goes through a text once, and knows after each character all places of the pattern where it may be.

    Places are bits of a number, and what a character makes of it is remembered. It answers as `re.Pattern` does.

    Args:
        pieces: of a regular expression: what fits one character, that with a star behind it, and `FOLDERS`.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        self._places = tuple(_places(pieces))
        self._end = 1 << len(self._places)
        self._start = self._closed(1)
        self._next: dict[tuple[int, str], int] = {}

    def fullmatch(self, text: str, *, above: bool = False) -> bool | None:
        """True if the whole of `text` fits, else None.

        Args:
            text: to match.
            above: whether it is enough that a folder above fits: all up to some slash.
        """
        now = self._start
        for character in text:
            if above and character == "/" and now & self._end:
                return True
            after = self._next.get((now, character))
            if after is None:
                after = self._after(now, character)
            if not after:
                return None
            now = after
        return True if now & self._end else None

    def _after(self, now: int, character: str) -> int:
        after = 0
        for at, (kind, test) in enumerate(self._places):
            if not now >> at & 1 or test.fullmatch(character) is None:
                continue
            if kind is not _Kind.ONE:
                after |= 1 << at
            if kind is _Kind.ONE or (kind is _Kind.FOLDERS and character == "/"):
                after |= 1 << at + 1
        if len(self._next) >= _KEPT:
            self._next.clear()
        after = self._next[now, character] = self._closed(after)
        return after

    def _closed(self, now: int) -> int:
        """With the places that are reached without a character."""
        for at, (kind, _) in enumerate(self._places):
            if now >> at & 1 and kind in (_Kind.MANY, _Kind.SKIP):
                now |= 1 << at + 1
                if kind is _Kind.SKIP:
                    now |= 1 << at + 2
        return now


def _places(pieces: Iterable[str]) -> Iterator[tuple[_Kind, re.Pattern[str]]]:
    for piece in pieces:
        if piece == FOLDERS:
            yield _Kind.SKIP, re.compile("(?!)")
            yield _Kind.FOLDERS, re.compile(".", re.DOTALL)
        elif len(piece) > 1 and piece.endswith("*") and not piece.startswith("\\"):
            yield _Kind.MANY, re.compile(piece[:-1], re.DOTALL)
        else:
            yield _Kind.ONE, re.compile(piece, re.DOTALL)
