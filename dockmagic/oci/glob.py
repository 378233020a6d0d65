"""Patterns for paths: Go's ``filepath.Match``, and the ``**`` that `.dockerignore` adds to it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import DockerfileError

from .automaton import FOLDERS, Automaton

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["clean", "compile_pattern", "is_pattern", "match", "pivot"]


_ANY: Final = ".*"
_STAR: Final = "[^/]*"
_STARS: Final = (_ANY, _STAR, FOLDERS)


def is_pattern(source: str) -> bool:
    """Whether `source` has wildcards (``*``, ``?``, ``[``) that no backslash takes away."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", source, flags=re.DOTALL)) is not None


def match(pattern: str, path: str) -> bool:
    """Whether the whole of `path` fits; ``*`` and ``?`` stop at a slash (`filepath.Match`).

    Raises:
        DockerfileError: a malformed pattern.
    """
    return compile_pattern(pattern).fullmatch(path) is not None


def clean(path: str) -> str:
    """The shortest path of the same meaning (`filepath.Clean`)."""
    out: list[str] = []
    rooted = path.startswith("/")
    for part in path.split("/"):
        if part == ".." and out and out[-1] != "..":
            out.pop()
        elif part not in ("", ".") and not (part == ".." and rooted):
            out.append(part)
    return ("/" if rooted else "") + "/".join(out) or "."


def pivot(source: str) -> tuple[str, str]:
    """Take a ``--parents`` source apart at its first ``/./``: what is dropped of the path, and what is kept.

    Without one, everything is kept.
    """
    dropped, found, kept = source.partition("/./")
    return (dropped or "/", kept) if found else ("/", source)


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, *, deep: bool = False) -> re.Pattern[str] | Automaton:
    """A pattern, for `fullmatch`: a regular expression, or what does not take too long for it.

    Args:
        pattern: in the manner of ``filepath.Match``.
        deep: ``**`` stands for any number of folders, as in `.dockerignore` and with ``--parents``.

    Raises:
        DockerfileError: a malformed pattern.
    """
    try:
        pieces = _merged(_pieces(pattern, deep=deep))
        expression = re.compile("".join(pieces), re.DOTALL)
    except (re.error, ValueError):
        raise DockerfileError(
            f"syntax error in pattern {pattern!r}", hint="Write a backslash before a [ or \\ that stands for itself"
        ) from None
    return expression if _is_quick(pieces) else Automaton(pieces)


def _is_quick(pieces: Sequence[str]) -> bool:
    """Whether a regular expression takes at most the square of a path's length: few stars, as most patterns have."""
    narrow, wide = pieces.count(_STAR), pieces.count(_ANY) + pieces.count(FOLDERS)
    return narrow <= 2 and wide <= (1 if narrow else 2)


def _merged(pieces: Iterable[str]) -> list[str]:
    """Without the stars that add nothing to the one before them."""
    merged: list[str] = []
    for piece in pieces:
        last = merged[-1] if merged else ""
        if piece in _STARS and last in (piece, _ANY):
            continue
        while piece == _ANY and merged and merged[-1] in _STARS:
            merged.pop()
        merged.append(piece)
    return merged


def _pieces(pattern: str, *, deep: bool) -> list[str]:
    pieces: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*" and deep and pattern.startswith("*", position):
            position += 1
            slash = pattern.startswith("/", position)
            position += slash
            rest = pattern[position:]
            # ** at the beginning is a plain suffix, if nothing else in the pattern is special.
            suffix = not pieces and not slash and not re.search(r"[*?\[\]\\]", rest)
            pieces.append(_ANY if not rest or suffix else FOLDERS)
        elif character == "*":
            pieces.append(_STAR)
        elif character == "?":
            pieces.append("[^/]")
        elif character == "[":
            piece, position = _class(pattern, position)
            pieces.append(piece)
        elif character == "\\":
            if position == len(pattern):
                raise ValueError(pattern)
            pieces.append(re.escape(pattern[position]))
            position += 1
        else:
            pieces.append(re.escape(character))
    return pieces


def _class(pattern: str, position: int) -> tuple[str, int]:
    """The character class behind a ``[``, and the position behind its ``]``."""
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _class_character(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _class_character(pattern, position + 1)
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{'^' if negated else ''}{''.join(ranges)}]", position + 1


def _class_character(pattern: str, position: int) -> tuple[str, int]:
    escaped = pattern.startswith("\\", position)
    position += escaped
    character = pattern[position : position + 1]
    if not character or (character in "-]" and not escaped):
        raise ValueError(pattern)
    return character, position + 1
