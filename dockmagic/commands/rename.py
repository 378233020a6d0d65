"""``rename``: give a container another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Nothing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "rename",
    "CONTAINER NEW_NAME",
    ("rename brisk_ferry web", "while it runs, too"),
    returns="Nothing",
    aliases=("container rename",),
)
@argument("name", "container", metavar="CONTAINER")
@argument("new_name", metavar="NEW_NAME")
def command(ctx: CommandContext, name: str, new_name: str) -> Result:
    """Rename a container."""
    ctx.engine.containers.rename(ctx.engine.containers.get(name), new_name)
    return Nothing()
