"""Patterns in ``${name#pattern}`` and its like: ``*``, ``?`` and a backslash; brackets mean nothing."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["cut_beginning", "cut_end", "replace"]

_STAR: Final = "*"


def cut_beginning(value: str, pattern: str, *, longest: bool) -> str:
    """`value` without the shortest or longest beginning that `pattern` fits.

    Raises:
        ValueError: a backslash before what needs none.
    """
    match = re.match(_regex(_pieces(pattern), longest=longest), value)
    return value[match.end() :] if match else value


def cut_end(value: str, pattern: str, *, longest: bool) -> str:
    """`value` without the shortest or longest end that `pattern` fits.

    Raises:
        ValueError: a backslash before what needs none.
    """
    # The mirrored pattern at the mirrored value's beginning.
    match = re.match(_regex(_pieces(pattern)[::-1], longest=longest), value[::-1])
    return value[: len(value) - match.end()] if match else value


def replace(value: str, pattern: str, replacement: str, *, everywhere: bool) -> str:
    """`value` with `replacement` for the first, or for every, part that `pattern` fits, each as long as can be.

    Raises:
        ValueError: a backslash before what needs none.
    """
    compiled = re.compile(_regex(_pieces(pattern), longest=True))
    if not everywhere:
        return compiled.sub(lambda _: replacement, value, count=1)
    out, end = [], -1
    for match in compiled.finditer(value):
        # Go passes over an empty match that touches the one before.
        if match.end() > match.start() or match.start() != end:
            out += [value[max(end, 0) : match.start()], replacement]
            end = match.end()
    return "".join(out) + value[max(end, 0) :]


def _pieces(pattern: str) -> list[str]:
    """A pattern as pieces of a regular expression, and `_STAR`."""
    pieces: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            pieces.append(_STAR)
        elif character == "?":
            pieces.append(".")
        elif character == "\\":
            # } and / are escaped for the sake of ${}, which is none of the pattern's business.
            escaped = next(characters, "")
            if escaped not in ("*", "?", "\\", "}", "/"):
                raise ValueError(f"invalid escape '\\{escaped}'")
            pieces.append(re.escape(escaped))
        else:
            pieces.append(re.escape(character))
    return pieces


def _regex(pieces: list[str], *, longest: bool) -> str:
    """A regular expression that fits the longest or the shortest beginning which the pattern fits.

    What follows a star may as well stand in the first place where it fits, unless the star is the last: so no place is
    tried twice, and the time does not explode.
    """
    runs = [""]
    for piece in pieces:
        if piece == _STAR:
            runs.append("")
        else:
            runs[-1] += piece
    first, *others = runs
    if not others:
        return first
    *middle, last = others
    return "".join([first, *(f"(?>.*?{run})" for run in middle), ".*" if longest else ".*?", last])
