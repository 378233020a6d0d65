"""``history``: list the steps of an image's making."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.rows import HistoryRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .flags.shared import all_digits, form, platform, platform_of, tell_remote
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_NOT_HUMAN = 'table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{printf "%d" .Size}}\t{{.Comment}}'


@verb(
    "history",
    "[OPTIONS] IMAGE",
    ("history python:3.12", "the steps, newest first"),
    ("history --no-trunc python:3.12", "with whole instructions"),
    ("history --format '{{.Size}}\\t{{.CreatedBy}}' ubuntu", "columns of your own"),
    returns="HistoryRow",
    aliases=("image history",),
)
@argument("image", "image")
@form
@flag("-H", "--human", default=True, help="Print sizes and dates in human readable format")
@all_digits
@platform
@flag("-q", "--quiet", help="Only show image IDs")
def command(
    ctx: CommandContext, image: str, form: str | None, platform: str | None, *, human: bool, whole: bool, quiet: bool
) -> Result:
    """Show the history of an image."""
    found = ctx.engine.images.find(image, platform=platform_of(platform), on_remote=partial(tell_remote, ctx))
    if not human and not quiet:
        form = form or _NOT_HUMAN
    return listing(found.history.rows(), HistoryRow, form=form, whole=whole, quiet="ID" if quiet else "", subject=found)
