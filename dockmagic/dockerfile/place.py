"""Where in a text a word stands: the line and the column of a mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["place_of"]


def place_of(word: str, lines: Sequence[str], first: int) -> tuple[int, int]:
    """The line and the column of the first `word`, counted from `first` and from 1; column 0 if it is not there.

    A word of its own goes before a part of another one: the ``a`` of ``ADD data a`` is its last letter.

    Args:
        word: as it stands in the text; an empty one is nowhere.
        lines: of the text.
        first: number of the first line.
    """
    if word:
        exact = re.escape(word)
        for pattern in (rf"(?<![^\s\"'=,]){exact}(?![^\s\"',])", exact):
            for number, line in enumerate(lines, first):
                found = re.search(pattern, line)
                if found:
                    return number, found.start() + 1
    return first, 0
