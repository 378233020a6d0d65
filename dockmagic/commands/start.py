"""``start``: start containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput
from dockmagic.runtime.cannot_start import CannotStart

from .cmdline.command import verb
from .cmdline.for_each import each
from .cmdline.metadata import CellText
from .cmdline.parameters import argument, flag, option
from .streams.stream_io import follow

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "start",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    ("start web", "in the background"),
    ("start -a -i test", "and talk to it: the shell of run -i -t --name test"),
    returns="Lines",
    aliases=("container start",),
    cell=CellText(read_by=(("interactive", True),)),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
@flag("-a", "--attach", help="Attach STDOUT/STDERR and forward signals")
@flag("-i", "--interactive", help="Attach container's STDIN")
@option("--detach-keys", default="", metavar="string", help="Override the key sequence for detaching a container")
@flag("--sig-proxy", hidden=True, default=True)
def command(
    ctx: CommandContext, names: tuple[str, ...], *, attach: bool, interactive: bool, detach_keys: str, sig_proxy: bool
) -> Result:
    """Start one or more stopped containers."""
    if not (attach or interactive):
        return each(names, lambda name: _start(ctx, name))
    if len(names) > 1:
        raise InvalidInput("you cannot start and attach multiple containers at once", hint="Name one container")
    container = ctx.engine.containers.get(names[0])
    record = container.record
    begun = container.state.status != "running"
    session = ctx.engine.containers.start_attached(container, stdin=interactive, window=ctx.window)
    return follow(
        ctx,
        container,
        session,
        stdin=interactive and record.open_stdin,
        command=" ".join(record.argv),
        detach_keys=detach_keys,
        sig_proxy=sig_proxy and not record.tty,
        kill=begun,
    )


def _start(ctx: CommandContext, name: str) -> None:
    container = ctx.engine.containers.get(name)
    if container.state.status != "running":  # docker starts what runs without a word, too
        try:
            container.start(owner=ctx.owner).close()
        except CannotStart as error:
            raise error.revised(exit_code=1) from error.__cause__  # docker's 126 and 127 are for run
