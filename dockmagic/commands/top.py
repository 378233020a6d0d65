"""``top``: list the processes of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import ProcessRow

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Text
from .flags.shared import form
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "top",
    "[OPTIONS] CONTAINER [ps OPTIONS]",
    ("top web", "with their numbers on this machine"),
    ("top web -o pid,rss,args", "as ps shows them with these options of its own"),
    returns="ProcessRow",
    takes_command=True,
    aliases=("container top",),
)
@argument("name", "container", metavar="CONTAINER")
@argument("options", nargs=-1, metavar="[ps OPTIONS]")
@form
def command(ctx: CommandContext, name: str, options: tuple[str, ...], form: str | None) -> Result:
    """Display the running processes of a container."""
    if options:
        return Text(ctx.engine.containers.ps_output(ctx.engine.containers.get(name), options))
    rows = ctx.engine.containers.processes(ctx.engine.containers.get(name))
    return listing(rows, ProcessRow, form=form, whole=True)
