"""``unpause``: resume the processes of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import Conflict

from .cmdline.command import verb
from .cmdline.for_each import each
from .cmdline.parameters import argument

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "unpause",
    "CONTAINER [CONTAINER...]",
    ("unpause web", "they go on"),
    returns="Lines",
    aliases=("container unpause",),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
def command(ctx: CommandContext, names: tuple[str, ...]) -> Result:
    """Unpause all processes within one or more containers."""

    def unpause(name: str) -> None:
        if not ctx.engine.containers.get(name).unpause():
            raise Conflict(f"Container {name} is not paused", hint="See what runs: `ps`")

    return each(names, unpause)
