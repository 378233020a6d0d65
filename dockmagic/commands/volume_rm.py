"""``volume rm``: remove volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.for_each import each
from .cmdline.parameters import argument, flag

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "volume rm",
    "[OPTIONS] VOLUME [VOLUME...]",
    ("volume rm data", "with all its files"),
    returns="Lines",
    aliases=("volume remove",),
)
@argument("names", "volume", nargs=-1, required=True, metavar="VOLUME")
@flag("-f", "--force", help="Say nothing of volumes that are not there")
def command(ctx: CommandContext, names: tuple[str, ...], *, force: bool) -> Result:
    """Remove one or more volumes."""
    return each(names, lambda name: ctx.engine.volumes.remove(name, force=force))
