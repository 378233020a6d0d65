"""``pause``: suspend the processes of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.for_each import each
from .cmdline.parameters import argument

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "pause",
    "CONTAINER [CONTAINER...]",
    ("pause web", "every process of it stands still"),
    returns="Lines",
    aliases=("container pause",),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
def command(ctx: CommandContext, names: tuple[str, ...]) -> Result:
    """Pause all processes within one or more containers."""
    return each(names, lambda name: ctx.engine.containers.get(name).pause())
