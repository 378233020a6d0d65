"""What the verbs that change an image without a build have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.cmdline.metadata import Transfer
from dockmagic.commands.cmdline.parameters import option
from dockmagic.commands.cmdline.result import Transferred
from dockmagic.commands.output.transfer_output import Log
from dockmagic.image.layer import Layer, Layers
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from dockmagic.commands.cmdline.context import CommandContext
    from dockmagic.commands.cmdline.result import Result
    from dockmagic.image.image import Image

__all__ = ["CHANGING", "change", "find", "part_of", "tags"]

#: Layers of images that are elsewhere come here first.
CHANGING = Transfer("Changing", of="image", silent=(), certain=False)

tags = option("-t", "--tag", "tags", kinds=("image",), multiple=True, metavar="list", help="Name of the new image")


def find(ctx: CommandContext, name: str, platform: str | None) -> Image:
    """The image to change, here or in its registry."""
    return ctx.engine.images.find(name, platform=platform, on_remote=lambda full: _tell(ctx, full))


def _tell(ctx: CommandContext, name: str) -> None:
    ctx.say(f"{name} is not here: its layers come from its registry, and it gets no name")


def part_of(ctx: CommandContext, text: str, platform: str | None) -> tuple[Image, int, int]:
    """The image of ``IMAGE[2]`` or ``IMAGE[1:3]``, and which of its layers are meant: from, and up to.

    Raises:
        InvalidInput: no layers are named.
    """
    image, part = ctx.engine.images.find_subject(text, platform=platform, on_remote=lambda full: _tell(ctx, full))
    if isinstance(part, Layer):
        return image, part.index, part.index + 1
    if isinstance(part, Layers):
        return image, part.start, part.stop
    raise InvalidInput(f"{text} names no layer", hint=f"Write {text}[2] or {text}[1:3]; `layers {text}` lists them")


def change(ctx: CommandContext, method: str, *args: Any, **options: Any) -> Result:
    """Carry out a change, and tell the ID of the new image."""
    log = Log(ctx.on_progress)
    image = getattr(ctx.engine.surgery, method)(*args, **options, on_progress=log)
    return Transferred((image,), log.rows, (str(image.id),))
