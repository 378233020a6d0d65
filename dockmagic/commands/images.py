"""``images``: list local images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput
from dockmagic.rows import ImageRow, PlatformRow, TreeRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .cmdline.result import Table, Text
from .flags.shared import all_digits, filters, form
from .output.format import short_id
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_WITH_DIGESTS = ("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")


@verb(
    "images",
    "[OPTIONS] [REPOSITORY[:TAG]]",
    ("images", "every local image"),
    ("images ubuntu", "one repository"),
    ("images --filter dangling=true -q", "IDs of images without a name"),
    ("images --platforms alpine", "every platform of an index, and what else is in it"),
    ("images --tree", "which images stand on which"),
    ("images --format 'table {{.Repository}}\\t{{.Size}}'", "columns of your own"),
    returns="ImageRow",
    aliases=("image list", "image ls"),
    magic=True,
)
@argument("pattern", required=False, default="", metavar="[REPOSITORY[:TAG]]")
@flag("-a", "--all", "everything", help="Show all images, the steps of builds too")
@flag("--digests", help="Show digests")
@filters
@form
@all_digits
@flag("-q", "--quiet", help="Only show image IDs")
@flag("--platforms", help="Show every image, attestation or artifact of the indexes behind names")
@flag("--tree", help="Show which images stand on which, and what each adds")
def command(
    ctx: CommandContext,
    pattern: str,
    filters: tuple[str, ...],
    form: str | None,
    *,
    everything: bool,
    digests: bool,
    whole: bool,
    quiet: bool,
    platforms: bool,
    tree: bool,
) -> Result:
    """List images."""
    if tree:
        if pattern or filters or quiet or digests:
            raise InvalidInput("--tree shows all images", hint="Leave the pattern and the other flags out")
        rows = ctx.engine.images.tree()
        result = listing(rows, TreeRow, form=form, whole=whole)
        return result if form else Table(rows, TreeRow, TreeRow.shown, whole=whole)
    if platforms:
        if filters or quiet or digests or everything:
            raise InvalidInput("--platforms shows names and what is behind them", hint="Leave the other flags out")
        return listing(ctx.engine.images.platforms(pattern), PlatformRow, form=form, whole=whole)
    found = ctx.engine.images.rows(pattern, everything=everything, filters=filters)
    if quiet and not form:
        # Each ID once: an image with two names has one.
        return Text("\n".join(dict.fromkeys(row.id if whole else short_id(row.id) for row in found)))
    shown = _WITH_DIGESTS if digests else None
    if form and form.startswith("table") and digests and "{{.Digest}}" not in form:
        form += "\\t{{.Digest}}"
    return listing(found, ImageRow, shown=shown, form=form, whole=whole)
