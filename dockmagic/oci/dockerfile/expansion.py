r"""Variables in a Dockerfile: ``$name``, ``${name}`` and its operators, quotes and escapes, as BuildKit's shell lexer.

Operators: ``:-`` ``-`` ``:+`` ``+`` ``:?`` ``?``, prefixes ``#`` ``##``, suffixes ``%`` ``%%``, replacement ``/`` and
``//``; a nested word is expanded in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Expansion", "expand", "expand_text", "expand_words", "trace"]


class Expansion(NamedTuple):
    """An expanded word, and the names that were looked up: those that the environment has, and those it has not."""

    text: str
    matched: frozenset[str]
    unmatched: frozenset[str]


def expand(word: str, env: Mapping[str, str], *, escape: str = "\\") -> str:
    """Replace variables, and remove quotes and escapes.

    Raises:
        DockerfileError: a bad substitution, an open quote or brace, or ``${name:?message}`` of an unset name.
    """
    raise NotImplementedError


def expand_words(word: str, env: Mapping[str, str], *, escape: str = "\\") -> list[str]:
    """The same, split at white space outside quotes (a variable's value is split as well).

    Raises:
        DockerfileError: as in `expand`.
    """
    raise NotImplementedError


def expand_text(text: str, env: Mapping[str, str]) -> str:
    """Replace variables in a heredoc: quotes stay and mean nothing; a backslash escapes.

    Raises:
        DockerfileError: as in `expand`.
    """
    raise NotImplementedError


def trace(word: str, env: Mapping[str, str], *, escape: str = "\\") -> Expansion:
    """What `expand` does, with the names that it used and missed.

    Raises:
        DockerfileError: as in `expand`.
    """
    raise NotImplementedError
