"""``cat``: print a file of an image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.image.image import Image
from dockmagic.image.layer import Layer
from dockmagic.image.path import ImagePath

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Content
from .flags.shared import platform, platform_of, tell_remote

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "cat",
    "[OPTIONS] IMAGE PATH",
    ("cat ubuntu /etc/os-release", "a file of the merged view, links followed"),
    ("cat 'ubuntu[0]' /etc/passwd", "the version that the base layer has"),
    returns="Content",
)
@argument("image", "image")
@argument("path", "image path")
@platform
def command(ctx: CommandContext, image: str, path: str, platform: str | None) -> Result:
    """Print a file of an image or layer."""
    _, found = ctx.engine.images.find_subject(
        image, platform=platform_of(platform), on_remote=partial(tell_remote, ctx)
    )
    if isinstance(found, Image):
        return Content((found / path).read_bytes(), path)
    layers = found.alone if isinstance(found, Layer) else found
    return Content(ImagePath(layers, path).read_bytes(), path)
