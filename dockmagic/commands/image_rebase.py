"""``image rebase``: put an image's layers upon another base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .flags.shared import platform
from .flags.surgery import CHANGING, change, find, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image rebase",
    "[OPTIONS] IMAGE",
    ("image rebase -t app:2 --old-base debian:12.1 --new-base debian:12.2 app:1", "upon a newer base, without a build"),
    ("image rebase -t app:2 app:1", "upon what its annotations name, as that is now"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image")
@option("--old-base", kinds=("image",), default="", metavar="string", help="What the image stands on now")
@option("--new-base", kinds=("image",), default="", metavar="string", help="What it is to stand on")
@tags
@platform
def command(
    ctx: CommandContext, image: str, *, old_base: str, new_base: str, tags: tuple[str, ...], platform: str | None
) -> Result:
    """Put the layers of an image upon another base."""
    return change(ctx, "rebase", find(ctx, image, platform), new_base, old_base=old_base, tags=tags)
