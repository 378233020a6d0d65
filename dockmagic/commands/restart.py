"""``restart``: stop containers and start them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.signals import parse_signal

from .cmdline.command import verb
from .cmdline.for_each import each
from .cmdline.parameters import argument, option

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "restart",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    ("restart web", "the writable layer stays as it is"),
    returns="Lines",
    aliases=("container restart",),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
@option("-t", "--timeout", "--time", type=int, default=None, help="Seconds to wait before killing the container")
@option("-s", "--signal", "sig", default="", metavar="string", help="Signal to send to the container")
def command(ctx: CommandContext, names: tuple[str, ...], *, timeout: int | None, sig: str) -> Result:
    """Restart one or more containers."""
    number = parse_signal(sig) if sig else 0

    def restart(name: str) -> None:
        container = ctx.engine.containers.get(name)
        container.stop(timeout, number=number)
        container.start(owner=ctx.owner).close()

    return each(names, restart)
