"""``builder prune``: delete records of the build cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.builds import cache_rows
from dockmagic.rows import CacheRow
from dockmagic.runtime.flags.sizes import parse_size

from .cmdline.command import verb
from .cmdline.parameters import flag, option
from .cmdline.result import Table, Text
from .flags.shared import builder, long_filters
from .output.format import human_size, short_id
from .output.rm_output import confirmed

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "builder prune",
    "[OPTIONS]",
    ("builder prune -f", "steps that no named image stands on"),
    ("builder prune -a -f", "the whole cache"),
    ("builder prune -f --filter until=24h", "what no build has used for a day"),
    ("builder prune -a -f --keep-storage 1g", "all but the gigabyte that was used last"),
    returns="CacheRow",
    aliases=("buildx prune",),
)
@flag("-a", "--all", "everything", help="Remove steps of named images, too")
@long_filters
@option("--keep-storage", "--reserved-space", "kept", metavar="bytes", help="Bytes of the cache to keep")
@option("--max-used-space", "most", metavar="bytes", help="Bytes that the cache may keep")
@option("--min-free-space", "free", metavar="bytes", help="Bytes of the disk that are to be free")
@builder
@flag("-f", "--force", help="Do not prompt for confirmation")
def command(
    ctx: CommandContext,
    filters: tuple[str, ...],
    kept: str | None,
    most: str | None,
    free: str | None,
    *,
    everything: bool,
    force: bool,
) -> Result:
    """Remove the build cache."""
    what = "all build cache" if everything else "all dangling build cache"
    if not force and not confirmed(ctx, f"This will remove {what}."):
        return Text("Total reclaimed space: 0B")
    pruned = ctx.engine.builds.prune(
        everything=everything,
        filters=filters,
        keep_storage=parse_size(kept, "--keep-storage") if kept else 0,
        max_used_space=parse_size(most, "--max-used-space") if most else 0,
        min_free_space=parse_size(free, "--min-free-space") if free else 0,
    )
    rows = cache_rows(pruned.records)
    lines = tuple(f"{short_id(row.id)}  {row.description}" for row in rows)
    note = f"Total reclaimed space: {human_size(pruned.size, 4)}"
    return Table(
        rows, CacheRow, CacheRow.shown, notes=(note,), lines=("Deleted build cache:", *lines, "") if lines else ()
    )
