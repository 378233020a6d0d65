"""``image drop-layer``: remove a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument
from .flags.shared import platform
from .flags.surgery import CHANGING, change, part_of, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image drop-layer",
    "[OPTIONS] IMAGE[N]",
    ("image drop-layer -t app:2 'app:1[-1]'", "without the top layer; the settings stay"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image", metavar="IMAGE[N]")
@tags
@platform
def command(ctx: CommandContext, image: str, *, tags: tuple[str, ...], platform: str | None) -> Result:
    """Take one layer out of an image."""
    found, start, stop = part_of(ctx, image, platform)
    if stop != start + 1:
        raise InvalidInput(f"{image} is a range of layers", hint="Drop them one by one, the top first")
    return change(ctx, "drop_layer", found, start, tags=tags)
