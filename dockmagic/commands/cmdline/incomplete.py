"""A command line that is still being typed: what is bound so far, and what the word at the cursor is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from .go_flags import rewritten
from .routing import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .command import Verb

__all__ = ["Unfinished", "read_unfinished"]

# Takes the place of the word at the cursor while the line is parsed; nobody can type it.
_CURSOR: Final = "\0cursor"


class Unfinished(NamedTuple):
    """What is known of it.

    Attributes:
        verb: that it begins with.
        values: name → what is written for a parameter so far, as text or several texts; nothing is checked.
        parameter: that the word at the cursor is for; None for none.
        prefix: the part of that word that is a flag's name: ``--target=``.
    """

    verb: Verb
    values: Mapping[str, Any]
    parameter: click.Parameter | None
    prefix: str = ""


def read_unfinished(argv: Sequence[str], word: str, *, prog: str, flags: Sequence[click.Option] = ()) -> Unfinished:
    """Read a command line as far as it goes.

    Args:
        argv: the whole words before the cursor, without the program's name; a verb among them.
        word: the beginning of the word at the cursor.
        prog: the program's name, for messages.
        flags: further ones, which the front end has for every verb.

    Raises:
        UsageMistake: there is no such verb.
        NotSupported: it is refused by name.
    """
    called, verb, rest = find(argv, prog=prog)
    verb = verb.with_flags(flags)
    name, equals, _ = word.partition("=")
    prefix = f"{name}=" if equals and name.startswith("-") else ""
    context = click.Context(verb, info_name=f"{prog} {called}", resilient_parsing=True, ignore_unknown_options=True)
    try:
        words = rewritten([*rest, prefix + _CURSOR], verb.params, takes_command=verb.takes_command)
    except click.UsageError:  # a boolean flag with a value that is none
        return Unfinished(verb, {}, None)
    raw, _, _ = verb.make_parser(context).parse_args(words)
    values = {name: value for name, value in raw.items() if isinstance(value, (bool, list, str, tuple))}
    here = None
    for parameter in verb.params:
        value = values.get(str(parameter.name))
        if value == _CURSOR:
            here = parameter
            del values[str(parameter.name)]
        elif isinstance(value, (list, tuple)) and _CURSOR in value:
            here = parameter
            values[str(parameter.name)] = tuple(one for one in value if one != _CURSOR)
    return Unfinished(verb, values, here, prefix)
