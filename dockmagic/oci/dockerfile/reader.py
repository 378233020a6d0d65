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
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .heredocs import Heredoc

__all__ = ["Directives", "Source", "Statement", "Statements", "read_statements"]

_BLANK: Final = re.compile(r"[\t\v\f\r ]+")
_DIRECTIVE: Final = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_CONTINUED: Final = {
    escape: re.compile(rf"(?:(?<=[^{re.escape(escape)}])|^){re.escape(escape)}[ \t]*\Z") for escape in ("\\", "`")
}
_WITH_JSON: Final = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_WITH_HEREDOCS: Final = frozenset({"ADD", "COPY", "RUN"})


class Directives(msgspec.Struct, frozen=True, kw_only=True):
    """The comments at the top that are none: ``# syntax=``, ``# escape=``, ``# check=``; empty where not given."""

    syntax: str = ""
    escape: str = ""
    check: str = ""


class Source(NamedTuple):
    """A text and where it comes from: what it takes to tell the place of a mistake.

    Attributes:
        file: its name.
        lines: with their ends.
        first: the number of the first of these lines.
    """

    file: str
    lines: list[str]
    first: int = 1

    def part(self, lines: tuple[int, int]) -> str:
        """The text of these lines."""
        return "".join(self.lines[lines[0] - self.first : lines[1] - self.first + 1])

    def error(
        self, reason: str, lines: tuple[int, int], *, word: str = "", suggestion: str = "", hint: str = ""
    ) -> DockerfileError:
        """An error at the first place in these lines where `word` stands, or about the lines as a whole."""
        line, column = lines[0], 0
        for number in range(lines[0], lines[1] + 1) if word else ():
            at = self.part((number, number)).find(word)
            if at >= 0:
                line, column = number, at + 1
                break
        place = (line, line) if column else lines
        return DockerfileError(reason, file=self.file, lines=place, column=column, suggestion=suggestion, hint=hint)


class Statement(NamedTuple):
    """One instruction, taken apart as far as all of them are alike.

    Attributes:
        keyword: as written.
        flags: the words that begin with ``--``, without quotes.
        rest: what follows the flags, without outer white space.
        json: the words, where `rest` is the exec form; None otherwise.
        text: the whole as one line.
        lines: first and last.
        heredocs: below it.
        comments: right above it.
        source: of these lines, and the file.
        escape: in force.
    """

    keyword: str
    flags: tuple[str, ...]
    rest: str
    json: tuple[str, ...] | None
    text: str
    lines: tuple[int, int]
    heredocs: tuple[Heredoc, ...]
    comments: tuple[str, ...]
    source: Source
    escape: str

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.upper()

    @classmethod
    def make(
        cls, text: str, lines: tuple[int, int], comments: tuple[str, ...], source: Source, escape: str
    ) -> Statement:
        """Take the joined line apart; heredocs are yet to come."""
        keyword, _, rest = _partition(text.strip(SPACE))
        flags, rest = _take_flags(rest, escape)
        statement = cls(keyword, flags, rest.strip(SPACE), None, text.strip(SPACE), lines, (), comments, source, escape)
        return (
            statement._replace(json=statement.read_json(statement.rest)) if statement.name in _WITH_JSON else statement
        )

    def inner(self) -> Statement:
        """The instruction behind ONBUILD."""
        return Statement.make(self.rest, self.lines, (), self.source, self.escape)._replace(heredocs=self.heredocs)

    def error(self, reason: str, *, word: str = "", suggestion: str = "", hint: str = "") -> DockerfileError:
        """An error at `word`, or about the whole instruction."""
        return self.source.error(reason, self.lines, word=word, suggestion=suggestion, hint=hint)

    def takes_heredocs(self) -> bool:
        """Whether ``<<`` means something here."""
        if self.name == "ONBUILD":
            inner = self.inner()
            return inner.name != "ONBUILD" and inner.takes_heredocs()
        return self.name in _WITH_HEREDOCS and self.json is None and "<<" in self.rest

    def words(self) -> tuple[str, ...]:
        """The exec form's words, or what white space separates."""
        return self.json if self.json is not None else tuple(_BLANK.split(self.rest)) if self.rest else ()

    def read_json(self, text: str) -> tuple[str, ...] | None:
        """The words of an exec form; None if `text` is no JSON array, which makes it the shell form.

        Raises:
            DockerfileError: an array that holds something else than strings.
        """
        if not text.startswith("["):
            return None
        try:
            words = msgspec.json.decode(text, type=list)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            return None
        if not all(isinstance(word, str) for word in words):
            raise self.error(
                "when using JSON array syntax, arrays must be comprised of strings only",
                word="[",
                hint="Put every word between double quotes",
            )
        return tuple(words)

    def read_flags(self, kinds: Mapping[str, type]) -> dict[str, str | bool | list[str]]:
        """The flags by name.

        Args:
            kinds: what is allowed: ``str`` once, ``bool`` with or without a value, ``list`` any number of times.

        Raises:
            DockerfileError: an unknown flag, one given twice, a value missing or not boolean.
        """
        found: dict[str, str | bool | list[str]] = {}
        for flag in self.flags:
            name, equals, value = flag[2:].partition("=")
            kind = kinds.get(name)
            if kind is None:
                near = nearest(name, kinds)
                raise self.error(
                    f"unknown flag: --{name}",
                    word=f"--{name}",
                    suggestion=f"--{near}" if near else "",
                    hint="" if near or not kinds else f"{self.name} has {', '.join(f'--{kind}' for kind in kinds)}",
                )
            if name in found and kind is not list:
                raise self.error(f"duplicate flag specified: --{name}", word=f"--{name}")
            if kind is bool:
                if value.lower() not in ("true", "false") and (value or equals):
                    raise self.error(f"expecting boolean value for flag --{name}, not: {value}", word=f"--{name}")
                found[name] = value.lower() != "false"
            elif not equals:
                raise self.error(f"missing a value on flag: --{name}", word=f"--{name}")
            elif kind is list:
                values = found.setdefault(name, [])
                if isinstance(values, list):
                    values.append(value)
            else:
                found[name] = value
        return found


class Statements(NamedTuple):
    """What a file holds.

    Attributes:
        directives: at its top.
        escape: in force.
        statements: in their order.
        empty_continuations: the last lines of instructions that go on over an empty line.
    """

    directives: Directives
    escape: str
    statements: list[Statement]
    empty_continuations: tuple[int, ...]


def read_statements(text: str | bytes, file: str, *, first: int = 1) -> Statements:
    """Take a text apart.

    Args:
        text: UTF-8 if it is bytes; a byte-order mark is passed over.
        file: its name, for errors.
        first: the number of its first line.

    Raises:
        DockerfileError: not UTF-8, a bad directive, a heredoc without end, words that are no strings in an exec form.
    """
    lines = _decode(text, file, first).split("\n")
    source = Source(file, [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else []), first)
    directives, below = _read_directives(source)
    escape = directives.escape or "\\"
    reader = _Reader(source, escape, below)
    statements = list(reader)
    return Statements(directives, escape, statements, tuple(reader.empty_continuations))


class _Reader:
    """Goes over the lines once."""

    def __init__(self, source: Source, escape: str, start: int) -> None:
        self.source = source
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
                statement = self._statement(line, tuple(comments))
                if statement.keyword:  # else nothing but a backslash
                    yield statement
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
        """The line without its end and without what continues it, and whether it is continued."""
        line = line.rstrip("\r\n")
        match = _CONTINUED[self.escape].search(line) if self.escape in line else None
        return (line[: match.start()], True) if match else (line, False)

    def _heredocs(self, statement: Statement) -> Iterator[Heredoc]:
        try:
            words = raw_words(statement.text, keep_quotes=True, keep_escapes=True)
        except DockerfileError:  # an open quote: the shell will complain, if it is one
            return
        for heredoc in filter(None, map(parse_heredoc, words)):
            first = self.next
            for line in self.lines():
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


def _decode(text: str | bytes, file: str, first: int) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            above = error.object[: error.start].decode().split("\n")
            number = first + len(above) - 1
            raise DockerfileError(
                "the text is not UTF-8",
                file=file,
                lines=(number, number),
                column=len(above[-1]) + 1,
                hint="Save the file as UTF-8",
            ) from None
    text = text.removeprefix("\ufeff")
    before, nul, _ = text.partition("\0")
    if nul:
        number = first + before.count("\n")
        column = len(before) - before.rfind("\n")
        raise DockerfileError("the text has a NUL character", file=file, lines=(number, number), column=column)
    return text


def _read_directives(source: Source) -> tuple[Directives, int]:
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


def _partition(line: str) -> tuple[str, str, str]:
    match = _BLANK.search(line)
    return (line[: match.start()], match[0], line[match.end() :]) if match else (line, "", "")


def _take_flags(line: str, escape: str) -> tuple[tuple[str, ...], str]:
    """The words that begin with ``--``, unquoted, and what follows them (a lone ``--`` ends them)."""
    flags: list[str] = []
    position = 0
    while True:
        start = len(line) - len(line[position:].lstrip(SPACE))
        if not line.startswith("--", start):
            return tuple(flags), line[start:]
        flag, position = _take_word(line, start, escape)
        if flag == "--":
            return tuple(flags), line[position:]
        flags.append(flag)


def _take_word(line: str, position: int, escape: str) -> tuple[str, int]:
    """The word that begins at `position`, without quotes and escapes, and where it ends."""
    word: list[str] = []
    quote = ""
    while position < len(line):
        character = line[position]
        if character in SPACE and not quote:
            break
        position += 1
        if character == escape:
            word.append(line[position : position + 1])
            position += 1
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        else:
            word.append(character)
    return "".join(word), position
