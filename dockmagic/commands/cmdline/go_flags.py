"""Go's ways of writing a flag's value: ``--flag=false``, ``-f=VALUE``, ``-itv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .parameters import OFF, Flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["rewritten"]

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


def rewritten(args: Sequence[str], parameters: Sequence[click.Parameter], *, takes_command: bool) -> list[str]:
    """The words as click's parser takes them, which knows fewer ways of writing a flag's value.

    Args:
        args: the words after the verb.
        parameters: of the verb.
        takes_command: after its first argument comes another program's command line.

    Raises:
        click.UsageError: the value of a boolean flag is none.
    """
    by_name = {name: parameter for parameter in parameters for name in parameter.opts}
    rewritten: list[str] = []
    is_value = False
    for place, word in enumerate(args):
        if word == "--" or (takes_command and not is_value and not _is_flag(word)):
            return [*rewritten, *args[place:]]
        if is_value:
            rewritten.append(word)
            is_value = False
            continue
        is_value = _wants_value(word, by_name)
        name, equals, value = word.partition("=")
        parameter = by_name.get(name)
        if equals and isinstance(parameter, Flag):
            if value not in _TRUE | _FALSE:
                raise click.UsageError(f"invalid argument {value!r} for {name} flag: write true or false")
            rewritten.append(name if value in _TRUE else OFF + str(parameter.name))
        elif equals and parameter is not None and not name.startswith("--"):
            rewritten += [_long(name, parameter), value]  # -f=VALUE
        elif parameter is not None and not equals and (not is_value or place + 1 < len(args)):
            rewritten.append(_long(word, parameter))
        else:
            rewritten.append(word)
    return rewritten


def _is_flag(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _long(word: str, parameter: click.Parameter) -> str:
    """A flag by its long name: click takes each for one, and looks for similar names before it tries the short ones."""
    return next((name for name in parameter.opts if name.startswith("--")), word)


def _wants_value(word: str, by_name: Mapping[str, click.Parameter]) -> bool:
    """Whether the word after this one is its value: ``--name``, ``-v``, or the last of ``-itv``."""
    if word.startswith("--") or not _is_flag(word):
        found = by_name.get(word)
        return isinstance(found, click.Option) and not found.is_flag
    for place, letter in enumerate(word[1:], start=2):
        found = by_name.get(f"-{letter}")
        if isinstance(found, click.Option) and not found.is_flag:
            return place == len(word)
    return False
