"""``container prune``: remove stopped containers."""

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
    "container prune",
    "[OPTIONS]",
    ("container prune -f", "all that do not run"),
    ("container prune -f --filter until=24h", "those that were made more than a day ago"),
    returns="RemovedRow",
)
@long_filters
@flag("-f", "--force", help="Do not prompt for confirmation")
def command(ctx: CommandContext, filters: tuple[str, ...], *, force: bool) -> Result:
    """Remove all stopped containers."""
    if not force and not confirmed(ctx, "This will remove all stopped containers."):
        return Text("Total reclaimed space: 0B")
    names, size = ctx.engine.containers.prune(filters=filters)
    rows = tuple(RemovedRow(action="Deleted", name=name) for name in names)
    lines = ("Deleted Containers:", *names, "") if names else ()
    note = f"Total reclaimed space: {human_size(size, 4)}"
    return Table(rows, RemovedRow, RemovedRow.shown, notes=(note,), lines=lines)
