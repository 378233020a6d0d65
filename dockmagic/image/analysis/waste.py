"""Bytes that an image carries and never shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.image.image import Image

__all__ = ["Waste", "waste"]


@dataclass(frozen=True, slots=True)
class Waste:
    """A file of a lower layer that an upper one hides or deletes.

    Attributes:
        path: absolute.
        layer: place of the layer that carries the bytes.
        hidden_by: place of the layer that hides it.
        size: bytes carried for nothing.
        deleted: whether it is gone from the view; else it was replaced.
    """

    path: str
    layer: int
    hidden_by: int
    size: int
    deleted: bool


def waste(image: Image) -> tuple[Waste, ...]:
    """Every hidden file with content, largest first."""
    raise NotImplementedError
