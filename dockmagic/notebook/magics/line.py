"""One line of a cell becomes the arguments of a command.

The rules are the shell's where people expect the shell (quotes, backslashes, comments) and no further: nothing is
globbed or piped, and what only a shell could do is an error that says what to write instead. ``{name}`` stands for a
Python variable; it is put in after splitting, so that a value is one argument, whatever it contains.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Word", "arguments", "commands", "expand", "expand_text", "split"]

_VARIABLE = re.compile(r"(?<![${])\{([A-Za-z_]\w*)\}(?!\})")
_PROMPT = re.compile(r"^\s*(?:[$#]\s+)?(?:sudo\s+)?(?:docker\s+)?")
_WORKING_FOLDER: Final = ("$(pwd)", "$PWD", "${PWD}")
#: What people write for a shell, longest first, and what does the same here.
_OPERATORS: Final = {
    "&&": "Write each command on a line of its own under %%docker",
    "||": "Write each command on a line of its own under %%docker, and try/except around it in Python",
    "2>&1": "Leave it out: a cell shows both streams",
    "2>": "Leave it out: a cell shows both streams",
    ">>": "Assign the result, x = %docker …, and write x.text to a file in Python",
    ">": "Assign the result, x = %docker …, and write x.text to a file in Python, or use the command's -o FILE",
    "<<": "Put the text below %%docker VERB - in the same cell",
    "<": "Use the command's -i FILE, or put the text below %%docker VERB - in the same cell",
    "|": "Assign the result, x = %docker …, and go on with x.text, x.json() or x.frame() in Python",
    ";": "Write each command on a line of its own under %%docker",
    "&": "Leave it out: a command ends before the cell does",
    "$(": "Run the inner command first, x = %docker …, and write {x} in its place",
    "`": "Run the inner command first, x = %docker …, and write {x} in its place",
}
_OPERATOR = re.compile("|".join(re.escape(operator) for operator in sorted(_OPERATORS, key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Word:
    """One argument before expansion.

    Attributes:
        pieces: its parts; each with whether ``{name}`` is looked for in it (not in single quotes or after a backslash).
        start: where the word begins in the line, in characters.
        end: where it ends.
        closed: False if a quotation mark is still open at the end of the line.
    """

    pieces: tuple[tuple[str, bool], ...]
    start: int
    end: int
    closed: bool = True

    @property
    def text(self) -> str:
        """The word without its quotation marks, unexpanded."""
        return "".join(piece for piece, _ in self.pieces)


def split(line: str, *, strict: bool = True) -> list[Word]:
    """Split a line into words as a shell would.

    Args:
        line: without the magic's name.
        strict: refuse what only a shell can do; completion reads unfinished lines and passes False.

    Raises:
        InvalidInput: an open quotation mark, or an operator of the shell outside of quotation marks.
    """
    words: list[Word] = []
    position = 0
    while True:
        while position < len(line) and line[position].isspace():
            position += 1
        if position == len(line) or line[position] == "#":
            return words
        word = _word(line, position, strict=strict)
        words.append(word)
        position = word.end


def _word(line: str, start: int, *, strict: bool) -> Word:
    pieces: list[tuple[str, bool]] = []
    position, closed = start, True
    while position < len(line) and not line[position].isspace():
        character = line[position]
        if character in "'\"":
            text, position, closed = _quoted(line, position)
            pieces.append((text, character == '"'))
            if not closed and strict:
                raise InvalidInput(
                    f"the quotation mark {character} at {line[start:][:40]} is not closed",
                    hint=f"Close it, or write \\{character} for the character itself",
                )
        elif character == "\\" and position + 1 < len(line):
            pieces.append((line[position + 1], False))
            position += 2
        else:
            end = _bare_end(line, position)
            bare = line[position:end]
            if strict:
                _refuse_operators(bare, pieces)
            pieces.append((bare, True))
            position = end
    return Word(tuple(pieces), start, position, closed)


def _bare_end(line: str, position: int) -> int:
    end = position
    while end < len(line) and not line[end].isspace() and line[end] not in "'\"\\":
        end += 1
    return end


def _quoted(line: str, position: int) -> tuple[str, int, bool]:
    mark = line[position]
    position += 1
    text = ""
    while position < len(line):
        character = line[position]
        if character == mark:
            return text, position + 1, True
        if mark == '"' and character == "\\" and line[position + 1 : position + 2] in ('"', "\\", "$", "`"):
            position += 1
            character = line[position]
        text += character
        position += 1
    return text, position, False


def _refuse_operators(bare: str, before: list[tuple[str, bool]]) -> None:
    found = _OPERATOR.search(bare.replace("$(pwd)", ""))
    if found is None:
        return
    operator = found.group()
    if operator in {"2>", "2>&1"} and (found.start() or before):
        operator = ">"
    shown = "$(…)" if operator == "$(" else operator
    raise InvalidInput(f"{shown} is for a shell, and there is none here", hint=_OPERATORS[operator])


def expand(word: Word, namespace: Mapping[str, object]) -> str:
    """The word's text, with ``{name}`` replaced where `namespace` binds the name to a str, an int or a path."""

    def value(match: re.Match[str]) -> str:
        bound = namespace.get(match.group(1))
        if isinstance(bound, int) and not isinstance(bound, bool):
            return format(bound, "d")
        return str(bound) if isinstance(bound, (str, PurePath)) else match.group()

    return "".join(_VARIABLE.sub(value, piece) if open_ else piece for piece, open_ in word.pieces)


def arguments(line: str, namespace: Mapping[str, object]) -> list[str]:
    """Split and expand a line.

    Raises:
        InvalidInput: see `split`.
    """
    return [expand(word, namespace) for word in split(line)]


def commands(body: str) -> Iterator[str]:
    """The commands of a ``%%docker`` cell: one a line, continued by a backslash, as books print them.

    A leading ``$`` or ``#`` prompt, ``sudo`` and ``docker`` are dropped; empty lines and comments are left out.
    """
    for line in re.sub(r"\\\n", " ", body).splitlines():
        if line.strip() and not re.match(r"\s*#(?!\s*(?:sudo\s+)?docker\s)", line):
            yield _PROMPT.sub("", line, count=1)


def expand_text(text: str, namespace: Mapping[str, object]) -> str:
    """A cell's body with ``{name}`` replaced as `expand` does."""
    return expand(Word(((text, True),), 0, len(text)), namespace)
