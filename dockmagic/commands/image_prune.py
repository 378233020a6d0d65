"""``image prune``: remove unused images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import flag
from .cmdline.result import Text
from .flags.shared import long_filters
from .output.format import human_size
from .output.rm_output import confirmed, removed

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image prune",
    "[OPTIONS]",
    ("image prune -f", "images without a name"),
    ("image prune -a -f", "all images, as no container uses one"),
    ("image prune -a -f --filter until=720h", "those that are older than a month"),
    returns="RemovedRow",
)
@flag("-a", "--all", "everything", help="Remove all unused images, not just dangling ones")
@long_filters
@flag("-f", "--force", help="Do not prompt for confirmation")
def command(ctx: CommandContext, filters: tuple[str, ...], *, everything: bool, force: bool) -> Result:
    """Remove unused images."""
    what = "all images without at least one container associated to them" if everything else "all dangling images"
    if not force and not confirmed(ctx, f"This will remove {what}."):
        return Text("Total reclaimed space: 0B")
    removal = ctx.engine.images.prune(all_unused=everything, filters=filters)
    note = f"Total reclaimed space: {human_size(removal.size, 4)}"
    return removed((removal,), title="Deleted Images:", notes=(note,))
