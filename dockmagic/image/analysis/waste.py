"""Bytes that an image carries and never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.layer.waste import Waste, waste_of

if TYPE_CHECKING:
    from dockmagic.image.image import Image

__all__ = ["Waste", "waste"]


def waste(image: Image) -> tuple[Waste, ...]:
    """Every hidden file with content, the largest first.

    Content that the view still shows under another name (a hard link) is not wasted.

    Raises:
        InvalidContent: a layer is not what it should be.
    """
    return waste_of(image.files)
