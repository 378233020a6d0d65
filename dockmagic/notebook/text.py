"""How things are written in a line of text: sizes, digests, counts."""

from __future__ import annotations

from typing import Final

__all__ = ["count", "human_size", "short_digest", "shorten"]

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP: Final = 1000
_SHOWN_DIGITS: Final = 12


def human_size(size: int) -> str:
    """`size` bytes as docker writes them: three digits and a decimal unit, ``79.6MB``."""
    value, unit = float(abs(size)), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{'-' if size < 0 else ''}{value:.3g}{_UNITS[unit]}"


def short_digest(digest: str) -> str:
    """The first twelve digits of a digest or ID, as docker shows it."""
    return digest.rpartition(":")[2][:_SHOWN_DIGITS]


def count(number: int, one: str, many: str = "") -> str:
    """``1 file``, ``3 files``, ``50,000 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shorten(text: str, width: int) -> str:
    """`text` on one line, at most `width` characters, an ellipsis in place of what is left out."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
