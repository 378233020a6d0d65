"""Arguments and flags of verbs: what click's lack of Go's flags, and what each value names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.engine.options.option import Kind, Option

    from .result import Result

__all__ = ["OFF", "Flag", "ValueFlag", "argument", "as_flag", "flag", "kinds_of", "option"]

#: How ``--flag=false`` reaches click's parser, which knows no value after a flag; nobody can type it.
OFF: Final = "--\0off-"


def argument(name: str, *kinds: Kind, **settings: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A positional parameter; `kinds` say what its value names."""
    return click.argument(name, cls=_Argument, kinds=kinds, **settings)


def option(
    *names: str, kinds: tuple[Kind, ...] = (), **settings: Any
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A flag with a value; `kinds` say what the value names."""
    return click.option(*names, cls=ValueFlag, kinds=kinds, **settings)


def kinds_of(parameter: click.Parameter | None) -> tuple[Kind, ...]:
    """What the value of a verb's parameter names."""
    return getattr(parameter, "kinds", ())


def flag(*names: str, **settings: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A boolean flag, which takes ``=true`` and ``=false`` too (Go's flags do)."""
    return click.option(*names, cls=Flag, **settings)


def as_flag(keyword: str, found: Option) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """The flag of an engine's option; its value arrives under the option's keyword, None where it is not given."""
    settings: dict[str, Any] = {"help": found.help, "hidden": found.hidden}
    if not found.metavar:
        return flag(*found.flags, keyword, default=None, **settings)
    settings["kinds"] = found.kinds
    kind = click.INT if found.metavar == "int" else None
    if found.many:
        return option(*found.flags, keyword, multiple=True, metavar=found.metavar, **settings)
    return option(*found.flags, keyword, default=None, type=kind, metavar=found.metavar, **settings)


class _Argument(click.Argument):
    def __init__(self, *args: Any, kinds: tuple[Kind, ...], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.kinds = kinds


class ValueFlag(click.Option):
    """A flag with a value.

    Attributes:
        kinds: what the value names.
    """

    def __init__(self, *args: Any, kinds: tuple[Kind, ...] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.kinds = kinds


class Flag(click.Option):
    """A boolean flag; see `flag`."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{**settings, "is_flag": True})

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser know it, and how `go_flags` writes that it is off."""
        super().add_to_parser(parser, ctx)
        parser.add_option(obj=self, opts=[OFF + str(self.name)], dest=self.name, action="store_const", const=False)
