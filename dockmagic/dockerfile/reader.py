"""From text to statements: directives, comments, continuation lines and heredocs, before an instruction is understood.

The quirks are BuildKit's: a comment or an empty line inside a continued instruction is passed over, a backslash at a
line's end continues it unless another stands before it, and only ADD, COPY and RUN (also behind ONBUILD) in their
shell form can have heredocs. (Dockerfile reference, "Format", "Parser directives", "Here-Documents".)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from dockmagic.oci.errors import DockerfileError

from .characters import SPACE
from .expansion import raw_words
from .heredocs import parse_heredoc
from .statement import SourceText, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .heredocs import Heredoc

__all__ = ["Directives", "Statements", "read_statements"]

#: Bytes of a line that docker still reads; its end does not count.
_LONGEST: Final = 65535
_BOM: Final = b"\xef\xbb\xbf"
_DIRECTIVE: Final = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_CONTINUED: Final = {
    escape: re.compile(rf"(?:(?<=[^{re.escape(escape)}])|^){re.escape(escape)}[ \t]*\Z") for escape in ("\\", "`")
}


class Directives(msgspec.Struct, frozen=True, kw_only=True):
    """The comments at the top that are none: ``# syntax=``, ``# escape=``, ``# check=``; empty where not given."""

    syntax: str = ""
    escape: str = ""
    check: str = ""


class Statements(NamedTuple):
    """What a file holds.

    Attributes:
        text: that was read.
        directives: at its top.
        escape: in force.
        statements: in their order.
        empty_continuations: the last lines of instructions that go on over an empty line.
    """

    text: str
    directives: Directives
    escape: str
    statements: list[Statement]
    empty_continuations: tuple[int, ...]


def read_statements(text: str | bytes, file: str, *, first: int = 1) -> Statements:
    """Take a text apart.

    Args:
        text: UTF-8 if it is bytes, except for comments; a byte-order mark is passed over.
        file: its name, for errors.
        first: the number of its first line.

    Raises:
        DockerfileError: not UTF-8, a line of more than 65,535 bytes, a bad directive, a heredoc without end, words that
            are no strings in an exec form.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    source, foreign = _decode(data.removeprefix(_BOM), file, first)
    directives, below = _read_directives(source)
    escape = directives.escape or "\\"
    reader = _Reader(source, foreign, escape, below)
    statements = list(reader)
    return Statements("".join(source.lines), directives, escape, statements, tuple(reader.empty_continuations))


class _Reader:
    """Goes over the lines once.

    Args:
        source: the lines.
        foreign: see `_decode`.
        escape: in force.
        start: index of the first line to read.
    """

    def __init__(self, source: SourceText, foreign: Mapping[int, int], escape: str, start: int) -> None:
        self.source = source
        self.foreign = foreign
        self.escape = escape
        self.next = start
        self.empty_continuations: list[int] = []

    @property
    def number(self) -> int:
        """Of the line that was read last."""
        return self.next + self.source.first - 1

    def lines(self) -> Iterator[str]:
        """What is not read yet, line by line."""
        while self.next < len(self.source.lines):
            self.next += 1
            yield self.source.lines[self.next - 1]

    def __iter__(self) -> Iterator[Statement]:
        comments: list[str] = []
        for line in self.lines():
            start = line.strip(SPACE)
            if start.startswith("#"):
                comment = start[1:].strip(SPACE)
                comments = [*comments, comment] if comment else []
            elif start:
                yield self._statement(line, tuple(comments))
                comments = []

    def _statement(self, line: str, comments: tuple[str, ...]) -> Statement:
        first = self.number
        text, continued = self._join(line.lstrip(SPACE))
        parts, empty = [text], False
        if continued:
            for following in self.lines():
                content = following.lstrip(SPACE)
                if content.startswith("#"):
                    continue
                if not content:
                    empty = True
                    continue
                text, continued = self._join(following)
                parts.append(text)
                if not continued:
                    break
        if empty:
            self.empty_continuations.append(self.number)
        statement = Statement.make("".join(parts), (first, self.number), comments, self.source, self.escape)
        if statement.takes_heredocs():
            heredocs = tuple(self._heredocs(statement))
            statement = statement._replace(heredocs=heredocs, lines=(first, self.number))
        return statement

    def _join(self, line: str) -> tuple[str, bool]:
        """The line that was read last, without its end and without what continues it; and whether it is continued."""
        self._require_utf8()
        line = line.rstrip("\r\n")
        match = _CONTINUED[self.escape].search(line) if self.escape in line else None
        return (line[: match.start()], True) if match else (line, False)

    def _require_utf8(self) -> None:
        """Refuse the line that was read last if it is not UTF-8; nobody asks that of a comment."""
        column = self.foreign.get(self.next - 1)
        if column is not None:
            raise _unreadable("the text is not UTF-8", self.source.file, self.number, column)

    def _heredocs(self, statement: Statement) -> Iterator[Heredoc]:
        try:
            words = raw_words(statement.text, keep_quotes=True, keep_escapes=True)
        except DockerfileError:  # an open quote: the shell will complain, if it is one
            return
        for heredoc in filter(None, map(parse_heredoc, words)):
            first = self.next
            for line in self.lines():
                self._require_utf8()
                end = line.rstrip("\r\n")
                if (end.lstrip("\t") if heredoc.chomp else end) == heredoc.name:
                    break
            else:
                raise statement.error(
                    f"unterminated heredoc: no line is {heredoc.name}",
                    word="<<",
                    hint=f"Write {heredoc.name} alone on the line behind its last one",
                )
            yield msgspec.structs.replace(heredoc, content="".join(self.source.lines[first : self.next - 1]))


def _decode(data: bytes, file: str, first: int) -> tuple[SourceText, dict[int, int]]:
    """The lines, and by the index of those that are not UTF-8 the column from which they are not."""
    lines: list[str] = []
    foreign: dict[int, int] = {}
    for index, line in enumerate(data.split(b"\n")):
        if b"\0" in line:
            column = len(line[: line.index(b"\0")].decode(errors="replace")) + 1
            raise _unreadable("the text has a NUL character", file, first + index, column)
        if len(line) > _LONGEST:
            raise _unreadable(
                f"the line is longer than {_LONGEST} bytes, which is as far as docker reads",
                file,
                first + index,
                hint="Take it apart with a backslash at the end of each line",
            )
        try:
            lines.append(line.decode())
        except UnicodeDecodeError as error:
            lines.append(line.decode(errors="replace"))
            foreign[index] = len(line[: error.start].decode()) + 1
    return SourceText(file, [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else []), first), foreign


def _unreadable(
    reason: str, file: str, number: int, column: int = 0, hint: str = "Save the file as UTF-8"
) -> DockerfileError:
    return DockerfileError(reason, file=file, lines=(number, number), column=column, hint=hint)


def _read_directives(source: SourceText) -> tuple[Directives, int]:
    """The directives, and how many lines they take."""
    found: dict[str, str] = {}
    below = 0
    for index, line in enumerate(source.lines):
        if index == 0 and line.startswith("#!"):
            continue
        match = _DIRECTIVE.fullmatch(line.strip(SPACE))
        name = match[1].lower() if match else ""
        if match is None or name not in Directives.__struct_fields__:
            break
        number = source.first + index
        if name in found:
            raise source.error(f"only one {name} parser directive can be used", (number, number), word=match[1])
        if name == "escape" and match[2] not in ("\\", "`"):
            raise source.error(
                f"invalid escape token {match[2]!r} does not match ` or \\", (number, number), word=match[2]
            )
        found[name] = match[2]
        below = index + 1
    return Directives(**found), below
