"""``image strip-paths``: remove paths from all layers."""

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
    "image strip-paths",
    "[OPTIONS] IMAGE PATH [PATH...]",
    ("image strip-paths -t app:2 app:1 /root/.cache '/**/__pycache__'", "their bytes are gone, not only hidden"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image")
@argument("paths", nargs=-1, required=True, metavar="PATH")
@tags
@platform
def command(
    ctx: CommandContext, image: str, *, paths: tuple[str, ...], tags: tuple[str, ...], platform: str | None
) -> Result:
    """Take paths out of every layer of an image."""
    return change(ctx, "strip_paths", find(ctx, image, platform), paths, tags=tags)
