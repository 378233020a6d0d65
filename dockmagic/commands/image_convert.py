"""``image convert``: change compression or media types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .flags.shared import platform
from .flags.surgery import CHANGING, change, find, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


_NO_TOC = (
    "layers with a table of contents in them are not written yet",
    "Use --compression zstd; `files`, `cat` and `diff` read any layer",
)


@verb(
    "image convert",
    "[OPTIONS] IMAGE",
    ("image convert -t app:zstd --compression zstd app:1", "smaller, and quicker to unpack; files and image ID stay"),
    ("image convert -t app:docker --docker --compression gzip app:1", "for tools that read Docker's media types alone"),
    returns="Transferred",
    refused=dict.fromkeys(("--estargz", "--zstdchunked", "--nydus", "--overlaybd", "--soci"), _NO_TOC),
    transfer=CHANGING,
)
@argument("image", "image")
@option("--compression", metavar="string", help="Of all layers: gzip, zstd or none")
@option("--compression-level", type=int, metavar="int", help="Up to 9 for gzip, to 22 for zstd")
@flag("--oci", help="Use OCI's media types")
@flag("--docker", help="Use Docker's media types, which leave no place for annotations")
@tags
@platform
def command(
    ctx: CommandContext,
    image: str,
    *,
    compression: str | None,
    compression_level: int | None,
    oci: bool,
    docker: bool,
    tags: tuple[str, ...],
    platform: str | None,
) -> Result:
    """Convert the compression or the media types of an image."""
    if oci and docker:
        raise InvalidInput("--oci and --docker exclude each other", hint="Choose one")
    if not (oci or docker or compression):
        raise InvalidInput("nothing is to be converted", hint="Say to what: --compression zstd, --oci or --docker")
    return change(
        ctx,
        "convert",
        find(ctx, image, platform),
        compression=compression,
        compression_level=compression_level,
        docker=docker if oci or docker else None,
        tags=tags,
    )
