"""Long lists in pages (distribution specification, "Listing Tags")."""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["page"]


def page(names: list[str], size: int, last: str) -> tuple[list[str], bool]:
    """The up to `size` names after `last` in the sorted list `names`, and whether more follow."""
    start = bisect_right(names, last) if last else 0
    found = names[start : start + size]
    return found, bool(found) and start + size < len(names)
