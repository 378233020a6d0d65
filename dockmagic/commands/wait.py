"""``wait``: wait until programs have ended."""

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
    "wait",
    "CONTAINER [CONTAINER...]",
    ("wait job", "prints its exit code when it has ended"),
    returns="Lines",
    aliases=("container wait",),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
def command(ctx: CommandContext, names: tuple[str, ...]) -> Result:
    """Block until one or more containers stop, then print their exit codes."""
    return each(names, lambda name: str(ctx.engine.containers.get(name).wait()))
