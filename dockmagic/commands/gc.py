"""``gc``: delete blobs that nothing refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.cleaning import collect
from dockmagic.rows import RemovedRow

from .cmdline.command import verb
from .cmdline.parameters import flag
from .cmdline.result import Table
from .output.format import human_size

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "gc",
    "[OPTIONS]",
    ("gc", "delete blobs that no image needs"),
    ("gc --dry-run", "only tell"),
    returns="RemovedRow",
)
@flag("-n", "--dry-run", help="Delete nothing, only tell")
def command(ctx: CommandContext, *, dry_run: bool) -> Result:
    """Delete blobs and unpacked layers that nothing needs."""
    collected = collect(ctx.engine.store, dry_run=dry_run)
    if not dry_run:
        ctx.engine.home.empty_trash()
    rows = tuple(RemovedRow(action="Deleted", name=digest) for digest in collected.blobs)
    word = "Would delete" if dry_run else "Deleted"
    note = f"Total {'reclaimable' if dry_run else 'reclaimed'} space: {human_size(collected.size, 4)}"
    lines = tuple(f"{word}: {row.name}" for row in rows)
    return Table(rows, RemovedRow, RemovedRow.shown, notes=(note,), lines=lines)
