r"""Variables in a Dockerfile: ``$name``, ``${name}`` and its operators, quotes and escapes, as BuildKit's shell lexer.

Operators: ``:-`` ``-`` ``:+`` ``+`` ``:?`` ``?``, prefixes ``#`` ``##``, suffixes ``%`` ``%%``, replacement ``/`` and
``//``; a nested word is expanded in turn. (Dockerfile reference, "Environment replacement".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.errors import DockerfileError

from .characters import SPACE
from .shell_pattern import cut_beginning, cut_end, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Expansion", "expand", "expand_text", "expand_words", "raw_words", "trace"]

# Special parameters of the shell (POSIX, 2.5.2). None has a value in a Dockerfile, but `$?x` is `$?` and an x.
_SPECIAL: Final = frozenset("@*#?-$!0")
_END: Final = ""  # what `peek` and `next` give behind the last character


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
    return _Lexer(word, env, escape).run()


def expand_words(word: str, env: Mapping[str, str], *, escape: str = "\\") -> list[str]:
    """The same, split at white space outside quotes (a variable's value is split as well).

    Raises:
        DockerfileError: as in `expand`.
    """
    lexer = _Lexer(word, env, escape)
    lexer.run()
    return lexer.words()


def expand_text(text: str, env: Mapping[str, str]) -> str:
    """Replace variables in a heredoc: quotes stay and mean nothing; a backslash escapes.

    Raises:
        DockerfileError: as in `expand`.
    """
    return _Lexer(text, env, "\\", quotes=False).run()


def trace(word: str, env: Mapping[str, str], *, escape: str = "\\", quotes: bool = True) -> Expansion:
    """What `expand` (without `quotes`: `expand_text`) does, with the names that it used and missed.

    Raises:
        DockerfileError: as in `expand`.
    """
    lexer = _Lexer(word, env, escape, quotes=quotes)
    text = lexer.run()
    return Expansion(text, frozenset(lexer.matched), frozenset(lexer.unmatched))


def raw_words(line: str, *, keep_quotes: bool, keep_escapes: bool) -> list[str]:
    """Words split as `expand_words` does, with variables left as they are: how heredocs are found in a line.

    Raises:
        DockerfileError: an open quote or brace.
    """
    lexer = _Lexer(line, {}, "\\", raw_quotes=keep_quotes, raw_escapes=keep_escapes, keep_unset=True)
    lexer.run()
    return lexer.words()


class _Lexer:
    """One pass over one word. It writes the text, and the words that it falls into, side by side."""

    def __init__(
        self,
        source: str,
        env: Mapping[str, str],
        escape: str,
        *,
        quotes: bool = True,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        keep_unset: bool = False,
    ) -> None:
        self.source = source
        self.position = 0
        self.env = env
        self.escape = escape
        self.quotes = quotes
        self.raw_quotes = raw_quotes
        self.raw_escapes = raw_escapes
        self.keep_unset = keep_unset
        self.matched: set[str] = set()
        self.unmatched: set[str] = set()
        self._words: list[str] = []
        self._word: list[str] = []

    def run(self) -> str:
        try:
            return self._until(_END, outermost=True)
        except RecursionError:
            raise DockerfileError("a variable's default holds too many others, one in the other") from None
        except _Bad as bad:
            shown = self.source if len(self.source) <= 80 else self.source[:79] + "…"
            raise DockerfileError(f'failed to process "{shown}": {bad}') from None

    def words(self) -> list[str]:
        self._end_word()
        return self._words

    def _peek(self) -> str:
        return self.source[self.position : self.position + 1]

    def _next(self) -> str:
        character = self._peek()
        self.position += 1
        return character

    def _end_word(self) -> None:
        word = "".join(self._word)
        self._word.clear()
        if word:
            self._words.append(word)

    def _split(self, text: str) -> None:
        for character in text:
            if character in SPACE:
                self._end_word()
            else:
                self._word.append(character)

    def _until(  # noqa: C901 - one arm for each character that means something
        self, stop: str, *, outermost: bool = False, raw_escapes: bool = False
    ) -> str:
        """Expand up to the character `stop`, and eat it; only the outermost call makes words."""
        raw = raw_escapes or (outermost and self.raw_escapes)
        before, self.raw_escapes = self.raw_escapes, raw
        out: list[str] = []
        while character := self._peek():
            if character == stop:
                self.position += 1
                self.raw_escapes = before
                return "".join(out)
            split = False
            if character == "$":
                piece, split = self._dollar(), True
            elif character == "<":
                piece = self._angle()
            elif character == "'" and self.quotes:
                piece = self._single_quoted()
            elif character == '"' and self.quotes:
                piece = self._double_quoted()
            elif character == self.escape:
                self.position += 1
                piece = (character if raw else "") + self._next()
            else:
                self.position += 1
                piece, split = character, True
            out.append(piece)
            if outermost and split:
                self._split(piece)
            elif outermost:
                self._word.append(piece)
        if stop:
            raise _Bad(f"unexpected end of statement while looking for matching {stop}")
        self.raw_escapes = before
        return "".join(out)

    def _single_quoted(self) -> str:
        end = self.source.find("'", self.position + 1)
        if end < 0:
            raise _Bad("unexpected end of statement while looking for matching single-quote")
        start, self.position = self.position, end + 1
        return self.source[start : end + 1] if self.raw_quotes else self.source[start + 1 : end]

    def _double_quoted(self) -> str:
        quote = self._next()
        out = [quote] if self.raw_quotes else []
        while character := self._peek():
            if character == "$":
                out.append(self._dollar())
                continue
            self.position += 1
            if character == '"':
                if self.raw_quotes:
                    out.append(character)
                return "".join(out)
            if character == self.escape:
                following = self._peek()
                if self.raw_escapes:
                    out.append(character)
                if following in ('"', "$", self.escape):
                    self.position += 1
                    out.append(following)
                    continue
                if not following:
                    continue
            out.append(character)
        raise _Bad("unexpected end of statement while looking for matching double-quote")

    def _angle(self) -> str:
        # White space between << and the word belongs to the word.
        start = self.position
        self.position += 1
        if self._peek() == "<":
            self.position += 1
            while self._peek() in ("\t", "\r", " "):
                self.position += 1
        return self.source[start : self.position]

    def _dollar(self) -> str:
        self.position += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._get(name)
            return f"${name}" if value is None and self.keep_unset else value or ""
        self.position += 1
        if self._peek() == _END:
            raise _Bad("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise _Bad("syntax error: bad substitution")
        name = self._name()
        operator = self._next()
        match operator:
            case "}":
                value = self._get(name)
                return f"${{{name}}}" if value is None and self.keep_unset else value or ""
            case "/":
                return self._replace(name)
            case "#" | "%":
                return self._trim(name, operator)
            case ":" | "+" | "-" | "?":
                return self._choose(name, operator)
        raise _Bad(f"unsupported modifier ({operator}) in substitution" if operator else "syntax error: missing '}'")

    def _choose(self, name: str, operator: str) -> str:
        written = operator
        if operator == ":":
            operator = self._next()
            written += operator
        if operator not in ("+", "-", "?"):
            raise _Bad(f"unsupported modifier ({written}) in substitution" if operator else "syntax error: missing '}'")
        word = self._braced()
        value = self._get(name)
        if value is None and self.keep_unset:
            return f"${{{name}{written}{word}}}"
        missing = value is None or (not value and written[0] == ":")
        if operator == "+":
            return "" if missing else word
        if not missing:
            return value or ""
        if operator == "-":
            return word
        lack = "unset" if value is None else "empty"
        raise _Bad(f"{name}: {word or f'is not allowed to be {lack}'}")

    def _trim(self, name: str, operator: str) -> str:
        pattern = self._braced(raw_escapes=True)
        value = self._get(name)
        if value is None:
            if self.keep_unset:
                return f"${{{name}{operator}{pattern}}}"
            value = ""  # the pattern is looked at all the same
        longest = pattern.startswith(operator)
        try:
            cut = cut_beginning if operator == "#" else cut_end
            return cut(value, pattern[1:] if longest else pattern, longest=longest)
        except ValueError as error:
            raise _Bad(f"invalid pattern ({pattern}) in substitution: {error}") from None

    def _replace(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self.position += 1
        try:
            pattern = self._until("/", raw_escapes=True)
        except _Bad:
            raise _Bad("syntax error: missing '/' in ${}") from None
        replacement = self._braced(raw_escapes=True)
        value = self._get(name)
        if value is None:
            if self.keep_unset:
                return f"${{{name}/{pattern}/{replacement}}}"
            value = ""
        try:
            return replace(value, pattern, replacement, everywhere=everywhere)
        except ValueError as error:
            raise _Bad(f"invalid pattern ({pattern}) in substitution: {error}") from None

    def _braced(self, *, raw_escapes: bool = False) -> str:
        word = self._until("}", raw_escapes=raw_escapes) if "}" in self.source[self.position :] else None
        if word is None:
            raise _Bad("syntax error: missing '}'")
        return word

    def _name(self) -> str:
        start = self.position
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self.position += 1
        elif first in _SPECIAL:
            self.position += 1
        else:
            while (character := self._peek()).isalpha() or character.isdecimal() or character == "_":
                self.position += 1
        return self.source[start : self.position]

    def _get(self, name: str) -> str | None:
        value = self.env.get(name)
        (self.unmatched if value is None else self.matched).add(name)
        return value


class _Bad(Exception):
    """What is wrong, before it is known in which word."""
