"""``samples``: use images made on the spot, in place of docker.io."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dockmagic.oci.errors import NotSupported

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .cmdline.result import Text

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "samples",
    "[OPTIONS] [on|off]",
    ("samples", "whether they are on"),
    returns="Text",
)
@argument("switch", required=False, type=click.Choice(("on", "off")), metavar="[on|off]")
@flag("--fresh", help="Begin with an empty store, and forget it at the end")
def command(ctx: CommandContext, switch: str | None, *, fresh: bool) -> Result:
    """Let images made on this machine stand in for docker.io, so that nothing needs a network."""
    engine = ctx.engine
    if switch is not None and ctx.prog == "dockmagic":
        raise NotSupported(
            "each command line is a process of its own, which forgets a switch at its end",
            hint=f"Say it by the environment: export DOCKMAGIC_SAMPLES={int(switch == 'on')}",
        )
    wanted = switch == "on"
    if switch is not None and (fresh or wanted is (engine.samples is None)):
        engine.use_samples(wanted=wanted, fresh=fresh)
    if engine.samples is None:
        return Text("Samples are off: names without a host mean Docker Hub")
    return Text("Samples are on: they stand in for Docker Hub, in a home of their own, and no network is used")
