"""Flags that several verbs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.commands.cmdline.parameters import flag, option
from dockmagic.oci.errors import NotSupported
from dockmagic.oci.platforms import Platform

if TYPE_CHECKING:
    import click

    from dockmagic.commands.cmdline.context import CommandContext

__all__ = ["all_digits", "builder", "filters", "form", "long_filters", "platform", "platform_of", "tell_remote"]

form = option("--format", "form", metavar="string", help="Format output: json, table or a Go template")
all_digits = flag("--no-trunc", "whole", help="Do not shorten IDs and text")
filters = option("-f", "--filter", "filters", multiple=True, metavar="filter", help="Filter output, as KEY=VALUE")
long_filters = option(
    "--filter", "filters", multiple=True, metavar="filter", help="Filter what is removed, as KEY=VALUE"
)


def _refuse_builder(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value not in (None, "", "default"):
        raise NotSupported(
            f"--builder {value} is not supported: there are no builders to choose from",
            hint="Leave it out: a build runs in this process",
        )


#: Docker's own builder is the one that there is.
builder = option("--builder", hidden=True, expose_value=False, callback=_refuse_builder)
platform = option("--platform", metavar="string", help="Platform, as OS/ARCH[/VARIANT]")


def platform_of(text: str | None) -> Platform | None:
    """The platform of ``--platform``; None where it was not given.

    Raises:
        InvalidPlatform: it is none.
    """
    return Platform.parse(text) if text else None


def tell_remote(ctx: CommandContext, name: str) -> None:
    """Say that an image is read from its registry."""
    ctx.say(f"{name} is not here: reading it from its registry, nothing is stored")
