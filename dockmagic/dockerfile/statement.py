"""One instruction's text, taken apart as far as all instructions are alike: flags, words, exec form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict

import msgspec

from dockmagic.oci.errors import DockerfileError

from .characters import SPACE
from .place import place_of
from .suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .heredocs import Heredoc

__all__ = ["Common", "Flags", "SourceText", "Statement"]

_BLANK: Final = re.compile(r"[\t\v\f\r ]+")
_WITH_JSON: Final = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_WITH_HEREDOCS: Final = frozenset({"ADD", "COPY", "RUN"})


class Common(TypedDict):
    """The fields that all instructions have."""

    lines: tuple[int, int]
    keyword: str
    original: str
    source: str
    comments: tuple[str, ...]
    file: str


class SourceText(NamedTuple):
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
        line, column = place_of(word, self.lines[lines[0] - self.first : lines[1] - self.first + 1], lines[0])
        place = (line, line) if column else lines
        return DockerfileError(reason, file=self.file, lines=place, column=column, suggestion=suggestion, hint=hint)


class Flags:
    """The flags of one instruction, read and checked; those that are not given have no values."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """The value of one that is given once."""
        return self._values[name][0] if name in self._values else default

    def every(self, name: str) -> tuple[str, ...]:
        """The values of one that may be given often."""
        return tuple(self._values.get(name, ()))

    def switch(self, name: str) -> bool | None:
        """Whether it is on; None if it is not given."""
        return self._values[name][0].lower() != "false" if name in self._values else None


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
    source: SourceText
    escape: str

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.upper()

    @classmethod
    def make(
        cls, text: str, lines: tuple[int, int], comments: tuple[str, ...], source: SourceText, escape: str
    ) -> Statement:
        """Take the joined line apart; heredocs are yet to come."""
        text = text.strip(SPACE)
        keyword, *rest = _BLANK.split(text, maxsplit=1)
        flags, arguments = _take_flags("".join(rest), escape)
        statement = cls(keyword, flags, arguments.strip(SPACE), None, text, lines, (), comments, source, escape)
        if statement.name in _WITH_JSON:
            return statement._replace(json=statement.read_json(statement.rest))
        return statement

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

    def first_word(self) -> tuple[str, str]:
        """The first of the words that white space separates, and all that follows it."""
        word, *rest = _BLANK.split(self.rest, maxsplit=1)
        return word, "".join(rest)

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

    def quoted_words(self) -> list[str]:
        """Words that white space outside quotes separates; quotes and escapes stay, for expansion takes them away."""
        words: list[str] = []
        word: list[str] = []
        quote = ""
        characters = iter(self.rest)
        for character in characters:
            if character in SPACE and not quote:
                words += ["".join(word)] if word else []
                word.clear()
                continue
            if character == self.escape and quote != "'":
                following = next(characters, "")
                word += [character, following] if following else []
                continue
            if character == quote:
                quote = ""
            elif character in "'\"" and not quote:
                quote = character
            word.append(character)
        return [*words, "".join(word)] if word or not words else words

    def read_flags(self, kinds: Mapping[str, type]) -> Flags:
        """The flags by name.

        Args:
            kinds: what is allowed: ``str`` once, ``bool`` with or without a value, ``list`` any number of times.

        Raises:
            DockerfileError: an unknown flag, one given twice, a value missing or not boolean.
        """
        found: dict[str, list[str]] = {}
        for flag in self.flags:
            name, equals, value = flag[2:].partition("=")
            word, kind = f"--{name}", kinds.get(name)
            if kind is None:
                near = nearest(name, kinds)
                raise self.error(
                    f"unknown flag: {word}",
                    word=word,
                    suggestion=near,
                    hint="" if near or not kinds else f"{self.name} has {', '.join(f'--{kind}' for kind in kinds)}",
                )
            if name in found and kind is not list:
                raise self.error(f"duplicate flag specified: {word}", word=word)
            if kind is bool and value.lower() not in ("true", "false") and (value or equals):
                raise self.error(f"expecting boolean value for flag {word}, not: {value}", word=word)
            if kind is not bool and not equals:
                raise self.error(f"missing a value on flag: {word}", word=word)
            found.setdefault(name, []).append(value)
        return Flags(found)

    def require_words(self) -> None:
        """Refuse an instruction of which nothing stands behind the flags.

        Raises:
            DockerfileError: about the instruction.
        """
        if not self.rest:
            raise self.error(f"{self.name} requires at least one argument")

    def only_word(self) -> str:
        """What stands behind the keyword of an instruction without flags, spaces and all.

        Raises:
            DockerfileError: there is nothing, or a flag.
        """
        self.read_flags({})
        if not self.rest:
            raise self.error(f"{self.name} requires exactly one argument")
        return self.rest

    def common(self) -> Common:
        """The fields that all instructions have."""
        return {
            "lines": self.lines,
            "keyword": self.keyword,
            "original": self.text,
            "source": self.source.part(self.lines),
            "comments": self.comments,
            "file": self.source.file,
        }


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
