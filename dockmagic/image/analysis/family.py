"""Which images stand on which, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest

__all__ = ["Family", "family", "shared_layers"]


@dataclass(frozen=True, slots=True)
class Family:
    """An image and those that stand on it.

    Attributes:
        image: the image.
        own: bytes of the layers' files that the image below it does not have.
        shared: bytes of the layers' files that some other local image has too.
        children: images whose lowest layers are all of this one's.
    """

    image: Image
    own: int
    shared: int
    children: tuple[Family, ...]


def family(images: Iterable[Image]) -> tuple[Family, ...]:
    """The trees that `images` form, by their stacks of DiffIDs; roots and children by name."""
    raise NotImplementedError


def shared_layers(images: Iterable[Image]) -> Mapping[Digest, tuple[Image, ...]]:
    """The images that have each layer, by ChainID."""
    raise NotImplementedError
