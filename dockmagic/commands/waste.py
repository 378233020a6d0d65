"""``waste``: the bytes that an image carries and never shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.rows import WasteRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .flags.shared import form, platform, platform_of, tell_remote
from .output.format import human_size
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "waste",
    "[OPTIONS] IMAGE",
    ("waste app:1", "the largest first"),
    ("waste --format '{{.Size}} {{.Change}}' app:1", "what to change"),
    returns="WasteRow",
)
@argument("image", "image")
@platform
@form
@flag("-q", "--quiet", help="Only show paths")
def command(ctx: CommandContext, *, image: str, platform: str | None, form: str | None, quiet: bool) -> Result:
    """List the files that an image carries and never shows: those that a layer above replaces or deletes."""
    remote = partial(tell_remote, ctx)
    found = ctx.engine.images.find(image, platform=platform_of(platform), on_remote=remote)
    rows = tuple(one.row(found.layers[one.layer].created_by) for one in found.waste)
    hidden = human_size(sum(row.size for row in rows))
    total = f"Hidden: {hidden} of {human_size(found.size)}, efficiency {100 * found.efficiency:.1f} %."
    notes = () if form or quiet else (total,)
    return listing(rows, WasteRow, form=form, quiet="Path" if quiet else "", subject=found, notes=notes)
