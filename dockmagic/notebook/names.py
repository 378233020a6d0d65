"""How images, layers and instructions are called on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.commands.output.format import short_id

if TYPE_CHECKING:
    from dockmagic.image.image import Image

__all__ = ["image_name", "subject_name"]


def image_name(image: Image) -> str:
    """The first name of an image as docker shows it, else its short ID."""
    return image.names[0].familiar if image.names else short_id(image.id)


def subject_name(subject: object) -> str:
    """An image, a layer or a range of layers in words."""
    if hasattr(subject, "names"):
        return image_name(subject)  # type: ignore[arg-type]  # of the three only an image has names
    if not hasattr(subject, "stop"):
        return f"layer {getattr(subject, 'index', '?')}"
    start, stop = getattr(subject, "start", 0), subject.stop
    return f"layer {start}" if stop - start == 1 else f"layers {start} to {stop - 1}"
