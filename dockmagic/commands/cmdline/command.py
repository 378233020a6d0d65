"""What every verb's command line has in common: docker's habits on top of click."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import click

from .go_flags import rewritten
from .mistakes import mistake_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .context import CommandContext
    from .metadata import CellText, Transfer
    from .result import Result

__all__ = ["HelpWanted", "Verb", "verb"]

_NONE: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})
_NO_DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({})


class HelpWanted(Exception):
    """``--help`` stands on the command line."""


def _want_help(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001  (click's signature)
    if value and not ctx.resilient_parsing:
        raise HelpWanted


class Verb(click.Command):
    """One verb. Its callback takes the `CommandContext` and the parameters, and returns a `Result`.

    Attributes:
        examples: command lines without the program's name, each with what it does.
        usage: the parameters, as docker writes them: ``[OPTIONS] IMAGE [IMAGE...]``.
        returns: the row type or result type, for the documentation.
        refused: flags that docker has here and dockmagic has not → reason and what to do instead.
        common: the flags that most users want, which ``--help`` shows before the others.
        takes_command: after the first argument comes another program's command line, flags and all.
        aliases: its other names, docker's noun forms above all; `reindex` collects them.
        magic: there is a magic of its name, which IPython leaves free.
        cell: how it uses the text below it in a cell; None if it does not.
        transfer: that it shows how far a transfer is; None if it does not.
    """

    def __init__(
        self,
        *args: Any,
        usage: str,
        examples: tuple[tuple[str, str], ...] = (),
        returns: str = "",
        refused: Mapping[str, tuple[str, str]] = _NONE,
        common: tuple[str, ...] = (),
        takes_command: bool = False,
        has_help: bool = True,
        aliases: tuple[str, ...] = (),
        magic: bool = False,
        cell: CellText | None = None,
        transfer: Transfer | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.takes_command = takes_command
        self.allow_interspersed_args = not takes_command
        self.add_help_option = False
        self.usage = usage
        self.examples = examples
        self.returns = returns
        self.refused = refused
        self.common = common
        self.aliases = aliases
        self.magic = magic
        self.cell = cell
        self.transfer = transfer
        if has_help:
            wanted: dict[str, Any] = {"expose_value": False, "is_eager": True, "callback": _want_help, "hidden": True}
            self.params.append(click.Option(["--help"], is_flag=True, **wanted))

    @property
    def cell_magic(self) -> bool:
        """Whether its magic takes a cell too, as the text below it is what the verb is for."""
        return self.magic and self.cell is not None and self.cell.dockerfile

    def with_flags(self, flags: Iterable[click.Option]) -> Verb:
        """The same verb with further flags; where it has one of that name itself, its own stays."""
        own = {name for parameter in self.params for name in parameter.opts}
        more = [flag for flag in flags if own.isdisjoint(flag.opts)]
        extended = copy.copy(self)
        extended.params = [*self.params, *more]
        return extended

    def parse(self, path: str, args: Sequence[str], *, defaults: Mapping[str, str] = _NO_DEFAULTS) -> click.Context:
        """Parse what stands after the verb.

        Args:
            path: the program's name and the verb as the user wrote them, such as ``dockmagic image ls``.
            args: the words.
            defaults: values of parameters that are not among them, in place of their usual ones.

        Raises:
            UsageMistake: they cannot be understood.
            HelpWanted: ``--help`` is one of them.
        """
        try:
            return self.make_context(path, list(args), default_map=dict(defaults))
        except click.UsageError as error:
            raise self._mistake(error, path) from None

    def call(self, context: click.Context, ctx: CommandContext) -> Result:
        """Do it with the parameters of a `parse`, and say what came of it.

        Raises:
            UsageMistake: what only the verb itself can tell of them.
        """
        context.obj = ctx
        with context:
            try:
                return cast("Result", self.invoke(context))
            except click.UsageError as error:
                raise self._mistake(error, str(context.info_name)) from None

    def _mistake(self, error: click.UsageError, path: str) -> Exception:
        return mistake_of(error, path, self.params, usage=self.usage, refused=self.refused)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with Go's ways of writing a flag's value."""
        return super().parse_args(ctx, rewritten(args, self.params, takes_command=self.takes_command))


def verb(
    name: str,
    usage: str,
    *examples: tuple[str, str],
    returns: str,
    refused: Mapping[str, tuple[str, str]] = _NONE,
    common: tuple[str, ...] = (),
    takes_command: bool = False,
    aliases: tuple[str, ...] = (),
    magic: bool = False,
    cell: CellText | None = None,
    transfer: Transfer | None = None,
) -> Callable[[Callable[..., Result]], Verb]:
    """Make a verb of a function whose docstring is the help, and whose first parameter is the context; see `Verb`."""
    settings: dict[str, Any] = {
        "returns": returns,
        "refused": refused,
        "common": common,
        "takes_command": takes_command,
    }
    settings |= {"aliases": aliases, "magic": magic, "cell": cell, "transfer": transfer}

    def make(function: Callable[..., Result]) -> Verb:
        made: Verb = click.command(name, cls=Verb, usage=usage, examples=examples, **settings)(click.pass_obj(function))
        return made

    return make
