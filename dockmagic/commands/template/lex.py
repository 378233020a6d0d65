"""From the text of a template to its words, in one pass, as Go's lexer reads it (text/template/parse/lex.go)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Piece", "Token", "character", "mistake", "number", "pieces", "string"]

# Each alternative begins with another character, so none is tried twice on a text.
_TOKEN: Final = re.compile(
    r"""
      (?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    | (?P<char>'(?:\\.[0-9a-fA-F]*|[^'\\\n])')
    | (?P<number>[-+]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?))
    | (?P<field>(?:\.[^\W\d]\w*)+|\.)
    | (?P<variable>\$\w*)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>:=|=|\||\(|\)|,)
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<one>[abfnrtv\\'\"])|(?P<octal>[0-3][0-7]{2})|x(?P<byte>[\da-fA-F]{2})"
    r"|u(?P<short>[\da-fA-F]{4})|U(?P<long>[\da-fA-F]{8})|(?P<bad>.?))",
    re.DOTALL,
)
_ONE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LARGEST: Final = 1 << 63
_SHOWN: Final = 30


def mistake(message: str) -> InvalidInput:
    """The error for a template that cannot be read or applied."""
    return InvalidInput(
        f"template: {message}", hint="Write fields as {{.Name}}, or use --format json to see what there is"
    )


class Token(NamedTuple):
    """A word of an action.

    Attributes:
        kind: a group of the lexer.
        text: as written.
        joined: whether it stands right behind the word before: a field there belongs to that.
    """

    kind: str
    text: str
    joined: bool


class Piece(NamedTuple):
    """Text, or an action.

    Attributes:
        text: the text, or the action as it is written.
        tokens: of an action; None for text.
    """

    text: str
    tokens: list[Token] | None


def pieces(text: str) -> Iterator[Piece]:
    """Text and actions in turn, trimmed as ``{{-`` and ``-}}`` ask; no comments.

    Raises:
        InvalidInput: what stands in an action is no word of the language.
    """
    position, trim = 0, False
    while (start := text.find("{{", position)) >= 0:
        before = text[position:start]
        before = before.lstrip() if trim else before
        inside = start + 2
        if text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2].isspace():
            before, inside = before.rstrip(), inside + 1
        yield Piece(before, None)
        first = _behind_blanks(text, inside)
        if text.startswith("/*", first):
            position, trim = _comment(text, start, first)
            continue
        tokens, position, trim = _action(text, start, inside)
        yield Piece(text[start:position], tokens)
    rest = text[position:]
    yield Piece(rest.lstrip() if trim else rest, None)


def _behind_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _end(text: str, position: int) -> tuple[int, bool] | None:
    """Whether an action ends here: where the text goes on, and whether that is trimmed."""
    if text.startswith("}}", position):
        return position + 2, False
    if text.startswith("-}}", position) and text[position - 1].isspace():
        return position + 3, True
    return None


def _comment(text: str, start: int, first: int) -> tuple[int, bool]:
    closed = text.find("*/", first)
    end = _end(text, _behind_blanks(text, closed + 2)) if closed >= 0 else None
    if end is None:
        raise mistake(f"unclosed comment at {text[start : start + _SHOWN]!r}")
    return end


def _action(text: str, start: int, position: int) -> tuple[list[Token], int, bool]:
    tokens: list[Token] = []
    while True:
        place = _behind_blanks(text, position)
        end = _end(text, place)
        if end is not None:
            return tokens, *end
        match = _TOKEN.match(text, place)
        if match is None:
            what = f"unexpected {text[place]!r}" if place < len(text) else "unclosed action"
            raise mistake(f"{what} at {text[start : start + _SHOWN]!r}")
        tokens.append(Token(str(match.lastgroup), match[0], place == position and bool(tokens)))
        position = match.end()


def string(text: str) -> str:
    """The value of a string constant.

    Raises:
        InvalidInput: an escape that Go does not know.
    """
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")

    def character_of(match: re.Match[str]) -> str:
        if match["one"]:
            return _ONE.get(match["one"], match["one"])
        code = match["octal"] or match["byte"] or match["short"] or match["long"]
        value = int(code, 8 if match["octal"] else 16) if code else -1
        if not 0 <= value < 0x110000 or 0xD800 <= value < 0xE000:
            raise mistake(f"unknown escape {match[0]!r} in {text[:_SHOWN]}")
        return chr(value)

    return _ESCAPE.sub(character_of, text[1:-1])


def character(text: str) -> int:
    """The value of a character constant: its code point.

    Raises:
        InvalidInput: not one character.
    """
    value = string(text)
    if len(value) != 1:
        raise mistake(f"malformed character constant {text}")
    return ord(value)


def number(text: str) -> int | float:
    """The value of a number.

    Raises:
        InvalidInput: it is none, or does not fit into 64 bits.
    """
    digits = text.lower().lstrip("+-")
    try:
        if not digits.startswith("0x") and ("." in digits or "e" in digits):
            value: int | float = float(text)
        elif digits.startswith("0") and digits.isdecimal():
            value = int(digits, 8) * (-1 if text.startswith("-") else 1)  # as in C
        else:
            value = int(text, 0)
    except ValueError:
        raise mistake(f"bad number syntax: {text[:_SHOWN]!r}") from None
    if abs(value) >= _LARGEST and (isinstance(value, int) or value in (float("inf"), float("-inf"))):
        raise mistake(f"number {text[:_SHOWN]} is too large")
    return value
