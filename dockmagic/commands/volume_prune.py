"""``volume prune``: remove unused volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import RemovedRow

from .cmdline.command import verb
from .cmdline.parameters import flag
from .cmdline.result import Table, Text
from .flags.shared import long_filters
from .output.format import human_size
from .output.rm_output import confirmed

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "volume prune",
    "[OPTIONS]",
    ("volume prune -f", "anonymous ones that no container uses"),
    ("volume prune -a -f", "those with a name too"),
    returns="RemovedRow",
)
@flag("-a", "--all", "everything", help="Remove all unused volumes, not just anonymous ones")
@long_filters
@flag("-f", "--force", help="Do not prompt for confirmation")
def command(ctx: CommandContext, filters: tuple[str, ...], *, everything: bool, force: bool) -> Result:
    """Remove unused local volumes."""
    which = "all local volumes" if everything else "anonymous local volumes"
    if not force and not confirmed(ctx, f"This will remove {which} not used by at least one container."):
        return Text("Total reclaimed space: 0B")
    names, size = ctx.engine.volumes.prune(everything=everything, filters=filters)
    rows = tuple(RemovedRow(action="Deleted", name=name) for name in names)
    lines = ("Deleted Volumes:", *names, "") if names else ()
    note = f"Total reclaimed space: {human_size(size, 4)}"
    return Table(rows, RemovedRow, RemovedRow.shown, notes=(note,), lines=lines)
