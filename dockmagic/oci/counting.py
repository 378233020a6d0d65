"""Format a number with its noun."""

from __future__ import annotations

__all__ = ["count"]


def count(number: int, one: str, many: str = "") -> str:
    """``1 file``, ``3 files``, ``50,000 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
