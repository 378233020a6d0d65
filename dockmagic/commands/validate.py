"""``validate``: recompute everything that an image says of itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.engine.describe import mismatch_rows
from dockmagic.oci.errors import InvalidContent
from dockmagic.rows import MismatchRow

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Table
from .flags.shared import form, platform, platform_of, tell_remote
from .output.format import human_size
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "validate",
    "[OPTIONS] IMAGE",
    ("validate ubuntu", "recompute every digest, DiffID, size and media type"),
    returns="MismatchRow",
    magic=True,
)
@argument("image", "image")
@platform
@form
def command(ctx: CommandContext, image: str, platform: str | None, form: str | None) -> Result:
    """Check everything that an image says of itself."""
    found = ctx.engine.images.find(image, platform=platform_of(platform), on_remote=partial(tell_remote, ctx))
    rows = mismatch_rows(ctx.engine.images.validate(found))
    result = listing(rows, MismatchRow, form=form, subject=found)
    if not isinstance(result, Table):
        return result
    if not rows:
        layers = len(found.layers)
        line = (
            f"{image} is valid: manifest, configuration and {layers} layer{'' if layers == 1 else 's'}, "
            f"{human_size(found.compressed_size)}, are what their digests, DiffIDs, sizes and media types say"
        )
        return Table((), MismatchRow, MismatchRow.shown, subject=found, lines=(line,))
    count = f"{len(rows)} mismatch{'' if len(rows) == 1 else 'es'}"
    error = InvalidContent(f"{image} is not valid: {count}", hint="Remove it and pull it again")
    return Table(rows, MismatchRow, MismatchRow.shown, subject=found, errors=(error,))
