"""A command line, resolved and parsed once: the verb, and its parameters with their values.

Every front end binds its words here, and from then on looks at nothing but what was bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from click.core import ParameterSource

from .command import HelpWanted
from .parameters import kinds_of
from .result import Table
from .routing import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import click

    from dockmagic.engine.options.option import Kind

    from .command import Verb
    from .context import CommandContext
    from .result import Result

__all__ = ["STAND_INS", "Invocation", "bind"]

#: Under a table while samples are on: nobody shall take a stand-in for the real thing.
STAND_INS: Final = "Samples: stand-ins made on this machine, not Docker Hub's images"
_WRITTEN: Final = (ParameterSource.COMMANDLINE, ParameterSource.PROMPT)


class Invocation:
    """A bound call.

    Attributes:
        verb: what is called.
        parameters: name → value, of every parameter that the verb has.
        extra: the same of the flags that the front end added.
        words: the command line, without the program's name.
    """

    def __init__(
        self, context: click.Context, verb: Verb, words: Sequence[str], extra: Iterable[click.Option] = ()
    ) -> None:
        values = dict(context.params)
        own = {parameter.name for parameter in verb.params}
        self.verb = verb
        self.words = tuple(words)
        self.extra = {one.name: values.pop(one.name) for one in extra if one.name not in own and one.name in values}
        self.parameters: Mapping[str, Any] = values
        self._context = context

    @property
    def name(self) -> str:
        """The verb's own name, whatever the user called it by."""
        return str(self.verb.name)

    def is_written(self, parameter: str) -> bool:
        """Whether the command line gives a parameter its value."""
        return self._context.get_parameter_source(parameter) in _WRITTEN

    def of_kind(self, kind: Kind) -> Iterator[str]:
        """The names of the parameters whose values name such a thing."""
        for parameter in self.verb.params:
            if kind in kinds_of(parameter) and parameter.name is not None:
                yield parameter.name

    def replace(self, **parameters: Any) -> Invocation:
        """The same call with other values for some of its parameters."""
        changed = Invocation(self._context, self.verb, self.words)
        changed.extra = self.extra
        changed.parameters = {**self.parameters, **parameters}
        return changed

    def run(self, ctx: CommandContext) -> Result:
        """Do it, and say what came of it.

        Raises:
            UsageMistake: what the verb finds wrong with its parameters.
            DockmagicError: what the verb raises.
        """
        self._context.params = dict(self.parameters)
        result = self.verb.call(self._context, ctx)
        if isinstance(result, Table) and ctx.engine.samples is not None:
            return msgspec.structs.replace(result, notes=(*result.notes, STAND_INS))
        return result


def bind(
    argv: Sequence[str], *, prog: str = "dockmagic", flags: Sequence[click.Option] = (), in_cell: bool = False
) -> Invocation:
    """Resolve and parse a command line.

    Args:
        argv: without the program's name: ``["image", "ls", "-a"]``. With ``--help`` it is a call of ``help``.
        prog: the program's name, for messages.
        flags: further ones, which the front end has for every verb.
        in_cell: a text stands below the command line, which the verb may use.

    Raises:
        UsageMistake: the command line cannot be understood (an `InvalidInput`; has `usage`).
        NotSupported: the verb or flag is refused by name.
    """
    called, verb, rest = find(argv, prog=prog)
    parsing = verb.with_flags(flags) if flags else verb
    defaults = verb.cell.defaults if in_cell and verb.cell is not None else {}
    try:
        context = parsing.parse(f"{prog} {called}", rest, defaults=defaults)
    except HelpWanted:
        return bind(["help", *called.split()], prog=prog)
    return Invocation(context, verb, argv, flags)
