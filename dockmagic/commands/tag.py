"""``tag``: give an image one more name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Nothing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "tag",
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    ("tag ubuntu:24.04 localhost:5000/ubuntu:noble", "a name under which it can be pushed"),
    ("tag 3f1a2b base", "an image by its ID"),
    returns="Nothing",
    aliases=("image tag",),
    magic=True,
)
@argument("source", "image")
@argument("target", "image")
def command(ctx: CommandContext, source: str, target: str) -> Result:
    """Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE."""
    ctx.engine.images.tag(source, target)
    return Nothing()
