"""``image retime``: give everything one date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .flags.shared import platform
from .flags.surgery import CHANGING, change, find, tags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "image retime",
    "[OPTIONS] IMAGE",
    ("image retime -t app:2 --time 2024-01-01T00:00:00Z app:1", "files, steps and the image have one date"),
    ("image retime -t app:2 --time 1700000000 --max app:1", "only what is later gets it"),
    returns="Transferred",
    transfer=CHANGING,
)
@argument("image", "image")
@option("--time", required=True, metavar="time", help="Seconds since 1970, or as in RFC 3339")
@flag("--max", "later_only", help="Leave what is earlier as it is")
@tags
@platform
def command(
    ctx: CommandContext, image: str, *, time: str, later_only: bool, tags: tuple[str, ...], platform: str | None
) -> Result:
    """Give everything in an image one date."""
    return change(ctx, "retime", find(ctx, image, platform), time, later_only=later_only, tags=tags)
