"""``builder du``: list what the build cache holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.builds import cache_rows
from dockmagic.rows import CacheRow

from .cmdline.command import verb
from .cmdline.parameters import flag
from .flags.shared import all_digits, builder, form
from .output.format import human_size
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "builder du",
    "[OPTIONS]",
    ("builder du", "each step that the cache knows, the last used first"),
    ("builder du --format '{{.Size}}\\t{{.Description}}'", "columns of your own"),
    returns="CacheRow",
    aliases=("buildx du",),
)
@form
@all_digits
@builder
@flag("--verbose", hidden=True, expose_value=False)
def command(ctx: CommandContext, form: str | None, *, whole: bool) -> Result:
    """Show what the build cache holds."""
    usage = ctx.engine.builds.usage()
    total = f"Total: {human_size(usage.size, 4)}, of which {human_size(usage.reclaimable, 4)} are reclaimable"
    return listing(cache_rows(usage.records), CacheRow, form=form, whole=whole, notes=(total,))
