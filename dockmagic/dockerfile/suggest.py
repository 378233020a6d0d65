"""The word that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(word: str, options: Iterable[str], *, any_case: bool = False) -> str:
    """The option that is at most two letters away from `word`; empty if there is none, or if `word` is an option.

    Args:
        word: as it was written.
        options: what could have been meant; among the equally near, one with the same first letter wins.
        any_case: take no account of case, and answer in that of `word` where it has one.
    """
    wanted = word.lower() if any_case else word
    best, best_rank = "", (3, False)
    for option in options:
        candidate = option.lower() if any_case else option
        if candidate == wanted:
            return ""
        rank = (_distance(wanted, candidate), candidate[:1] != wanted[:1])
        if rank < best_rank:
            best, best_rank = option, rank
    if not any_case:
        return best
    return best.lower() if word == word.lower() else best.upper() if word == word.upper() else best


def _distance(a: str, b: str) -> int:
    """Levenshtein's; or 3, where it is not below that for certain."""
    if abs(len(a) - len(b)) > 2:
        return 3
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]
