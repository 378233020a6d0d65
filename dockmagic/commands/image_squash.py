"""``image squash``: merge several layers into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument
from .flags.shared import platform
from .flags.surgery import CHANGING, change, part_of, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image squash",
    "[OPTIONS] IMAGE[FROM:TO]",
    ("image squash -t app:2 'app:1[2:5]'", "layers 2, 3 and 4 as one; the others stay what they are"),
    ("image squash -t app:2 'app:1[1:]'", "all but the base"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image", metavar="IMAGE[FROM:TO]")
@tags
@platform
def command(ctx: CommandContext, image: str, *, tags: tuple[str, ...], platform: str | None) -> Result:
    """Make one layer of a range of layers of an image."""
    found, start, stop = part_of(ctx, image, platform)
    return change(ctx, "squash", found, start, stop, tags=tags)
