"""Heredocs: documents written below their instruction (Dockerfile reference, "Here-Documents")."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from dockmagic.oci.errors import DockerfileError

from .expansion import raw_words

__all__ = ["Heredoc", "parse_heredoc"]

_HEREDOC: Final = re.compile(r"([0-9]{0,9})<<(-?)\s*([^<]*)", re.ASCII)
_LEADING_TABS: Final = re.compile(r"^\t+", re.MULTILINE)


class Heredoc(msgspec.Struct, frozen=True, kw_only=True):
    """A document written below its instruction.

    Attributes:
        name: the word after ``<<``, without quotes; the file's name in COPY and ADD.
        content: the lines up to the terminator, with their line ends; leading tabs are still there (see `text`).
        expand: whether variables in it are replaced: its name is not quoted (COPY and ADD only).
        chomp: ``<<-``: tabs that begin a line are no part of it.
        descriptor: the number before ``<<``, 0 without one.
    """

    name: str
    content: str
    expand: bool = True
    chomp: bool = False
    descriptor: int = 0

    @property
    def text(self) -> str:
        """The content, without leading tabs where ``<<-`` says so."""
        return _LEADING_TABS.sub("", self.content) if self.chomp else self.content


def parse_heredoc(word: str) -> Heredoc | None:
    """A word such as ``<<EOF`` or ``3<<-'EOF'``, still without content; None if it is no heredoc."""
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    try:
        names = raw_words(match[3], keep_quotes=False, keep_escapes=False)
        quoted = raw_words(match[3], keep_quotes=True, keep_escapes=False)
    except DockerfileError:
        return None
    if len(names) != 1 or len(quoted) != 1:
        return None
    return Heredoc(
        name=names[0],
        content="",
        # A name of which any part is quoted keeps the content from being expanded.
        expand=_count_quotes(names[0]) == _count_quotes(quoted[0]),
        chomp=match[2] == "-",
        descriptor=int(match[1] or "0"),
    )


def _count_quotes(word: str) -> int:
    return word.count("'") + word.count('"')
