"""The lines of a Dockerfile around the one that an error is about, as BuildKit chooses them."""

from __future__ import annotations

__all__ = ["excerpt"]

_AROUND = 2
_AROUND_ONE = 4


def excerpt(source: str, lines: tuple[int, int], *, first_line: int = 1) -> tuple[tuple[int, str, bool], ...]:
    """Some lines of `source` as (number, text, whether it is one of `lines`); none if `lines` is (0, 0).

    Args:
        source: the whole Dockerfile.
        lines: first and last line that the error is about, counted from `first_line`.
        first_line: number of the first line of `source`.
    """
    texts = source.splitlines()
    bottom = first_line + len(texts) - 1
    first, last = max(lines[0], first_line), min(lines[1], bottom)
    if not lines[0] or first > last:
        return ()
    start, end, shown = first, last, 0
    # A long instruction needs less around it than a single line; at the file's edges the other side gives more.
    while shown < (_AROUND_ONE if first == last else _AROUND):
        if start > first_line:
            start, shown = start - 1, shown + 1
        if end < bottom:
            end, shown = end + 1, shown + 1
        shown += 1
    return tuple((number, texts[number - first_line], first <= number <= last) for number in range(start, end + 1))
