"""``image replace-layer``: put another layer in the place of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .flags.shared import platform
from .flags.surgery import CHANGING, change, part_of, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image replace-layer",
    "[OPTIONS] IMAGE[N] [PATH...]",
    ("image replace-layer -t app:2 --to /srv/model 'app:1[3]' model/", "what is in a folder instead of layer 3"),
    ("image replace-layer -t app:2 --new-layer layer.tar 'app:1[3]'", "a layer as a tar"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image", metavar="IMAGE[N]")
@argument("paths", "host path", nargs=-1, metavar="[PATH...]")
@option("-f", "--new-layer", "tar", kinds=("host path",), metavar="file|-", help="A tar that becomes the layer")
@option("--to", default="/", metavar="path", help="Where in the image files go (default /)")
@tags
@platform
def command(
    ctx: CommandContext,
    image: str,
    *,
    paths: tuple[str, ...],
    tar: str | None,
    to: str,
    tags: tuple[str, ...],
    platform: str | None,
) -> Result:
    """Put another layer in the place of one."""
    if tar == "-" and ctx.stdin is None:
        raise InvalidInput("there is no standard input", hint="Name a file")
    found, start, stop = part_of(ctx, image, platform)
    if stop != start + 1:
        raise InvalidInput(f"{image} is a range of layers", hint="Squash them first, or name one")
    source = ctx.stdin if tar == "-" else tar
    return change(ctx, "replace_layer", found, start, paths, tar=source, to=to, tags=tags)
