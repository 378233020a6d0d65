"""``layers``: list the layers of an image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.engine.describe import layer_rows
from dockmagic.image.analysis import shared_layers
from dockmagic.image.image import Image
from dockmagic.image.layer import Layer
from dockmagic.rows import LayerRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .flags.shared import all_digits, form, platform, platform_of, tell_remote
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "layers",
    "[OPTIONS] IMAGE",
    ("layers python:3.12", "base to top: instruction, size, files, who shares it"),
    ("layers 'python:3.12[0:2]'", "the two lowest"),
    ("layers --no-trunc --format '{{.DiffID}}' ubuntu", "DiffIDs alone"),
    returns="LayerRow",
    magic=True,
)
@argument("image", "image")
@platform
@form
@all_digits
@flag("-q", "--quiet", help="Only show DiffIDs")
def command(
    ctx: CommandContext, image: str, platform: str | None, form: str | None, *, whole: bool, quiet: bool
) -> Result:
    """Show the layers of an image, base first."""
    subject = ctx.engine.images.find_subject(image, platform=platform_of(platform), on_remote=partial(tell_remote, ctx))
    part = subject.part
    chosen = part.layers if isinstance(part, Image) else (part,) if isinstance(part, Layer) else part
    shared = shared_layers(ctx.engine.images.list())
    rows = layer_rows(chosen, shared, subject.image)
    return listing(rows, LayerRow, form=form, whole=whole, quiet="DiffID" if quiet else "", subject=part)
