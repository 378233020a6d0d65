"""``image append``: add a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .flags.shared import platform
from .flags.surgery import CHANGING, change, find, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image append",
    "[OPTIONS] IMAGE [PATH...]",
    ("image append -t app:2 --to /srv app:1 model.bin data/", "a file, and what is in a folder, into /srv"),
    ("image append -t app:2 --new-layer layer.tar.gz app:1", "a layer as a tar; its .wh. files remove"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image")
@argument("paths", "host path", nargs=-1, metavar="[PATH...]")
@option("-f", "--new-layer", "tar", kinds=("host path",), metavar="file|-", help="A tar that becomes the layer")
@option("--to", default="/", metavar="path", help="Where in the image files go (default /)")
@option("-m", "--message", "comment", default="", metavar="string", help="Comment in the history")
@tags
@platform
def command(
    ctx: CommandContext,
    image: str,
    *,
    paths: tuple[str, ...],
    tar: str | None,
    to: str,
    comment: str,
    tags: tuple[str, ...],
    platform: str | None,
) -> Result:
    """Add a layer of files, folders or a tar to an image."""
    if tar == "-" and ctx.stdin is None:
        raise InvalidInput("there is no standard input", hint="Name a file")
    source = ctx.stdin if tar == "-" else tar
    base = find(ctx, image, platform)
    return change(ctx, "append", base, paths, tar=source, to=to, comment=comment, tags=tags)
