"""``image flatten``: merge all layers into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument
from .flags.shared import platform
from .flags.surgery import CHANGING, change, find, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image flatten",
    "[OPTIONS] IMAGE",
    ("image flatten -t app:flat app:1", "one layer, without the files that upper layers hide or delete"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image")
@tags
@platform
def command(ctx: CommandContext, image: str, *, tags: tuple[str, ...], platform: str | None) -> Result:
    """Make one layer of all layers of an image."""
    return change(ctx, "flatten", find(ctx, image, platform), tags=tags)
