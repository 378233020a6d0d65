"""``stop``: ask programs to end, and kill those that do not."""

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
    "stop",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    ("stop web", "SIGTERM, and SIGKILL after ten seconds"),
    ("stop -t 0 web db", "at once"),
    returns="Lines",
    aliases=("container stop",),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
@option("-t", "--timeout", "--time", type=int, default=None, help="Seconds to wait before killing the container")
@option("-s", "--signal", "sig", default="", metavar="string", help="Signal to send to the container")
def command(ctx: CommandContext, names: tuple[str, ...], *, timeout: int | None, sig: str) -> Result:
    """Stop one or more running containers."""
    number = parse_signal(sig) if sig else 0
    return each(names, lambda name: ctx.engine.containers.get(name).stop(timeout, number=number))
