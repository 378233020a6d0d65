"""``kill``: send a signal to a container's program."""

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
    "kill",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    ("kill web", "SIGKILL"),
    ("kill -s HUP web", "what many servers take as: read your configuration again"),
    returns="Lines",
    aliases=("container kill",),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
@option("-s", "--signal", "sig", default="KILL", metavar="string", help="Signal to send to the container")
def command(ctx: CommandContext, names: tuple[str, ...], sig: str) -> Result:
    """Kill one or more running containers."""
    number = parse_signal(sig)
    return each(names, lambda name: ctx.engine.containers.get(name).kill(number))
