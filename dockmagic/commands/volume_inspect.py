"""``volume inspect``: show everything about a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .output.inspect import described

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "volume inspect",
    "[OPTIONS] VOLUME [VOLUME...]",
    ("volume inspect data", "as JSON"),
    ("volume inspect -f '{{.Mountpoint}}' data", "where its files are"),
    returns="Document",
)
@argument("names", "volume", nargs=-1, required=True, metavar="VOLUME")
@option("-f", "--format", "form", metavar="string", help="Format output: json or a Go template")
def command(ctx: CommandContext, names: tuple[str, ...], form: str | None) -> Result:
    """Display detailed information on one or more volumes."""
    volumes = ctx.engine.volumes
    return described(names, form, lambda name: (volumes.inspect(name), volumes.get(name)))
