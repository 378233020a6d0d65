"""``system df``: show what takes how much disk space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.facts import disk_usage
from dockmagic.rows import DiskUsageRow, ImageRow

from .cmdline.command import verb
from .cmdline.parameters import flag
from .flags.shared import form
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_VERBOSE = ("Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers")


@verb(
    "system df",
    "[OPTIONS]",
    ("system df", "bytes on the disk, by kind"),
    ("system df -v", "per image: what it shares, what it alone has"),
    returns="DiskUsageRow",
)
@form
@flag("-v", "--verbose", help="Show detailed information on space usage")
def command(ctx: CommandContext, form: str | None, *, verbose: bool) -> Result:
    """Show disk usage."""
    if verbose:
        return listing(ctx.engine.images.usage(), ImageRow, shown=_VERBOSE, form=form)
    return listing(disk_usage(ctx.engine), DiskUsageRow, form=form)
