"""Which images stand on which, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.oci.spec import chain_ids

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
        shared: bytes of the layers' files that some other image has too, in the same stack.
        children: images whose lowest layers are all of this one's.
    """

    image: Image
    own: int
    shared: int
    children: tuple[Family, ...]


def family(images: Iterable[Image]) -> tuple[Family, ...]:
    """The trees that `images` form, by their stacks of DiffIDs; an image stands on the highest other one that it can.

    Images of the same layers (such as those that differ in configuration alone) stand beside each other.

    Raises:
        InvalidContent: an image is not what it should be.
    """
    everyone = tuple(images)
    users = shared_layers(everyone)
    tops = {chain_ids(image.config_file.rootfs.diff_ids)[-1:]: image for image in everyone}
    standing: dict[Digest | None, list[Image]] = {}
    for image in everyone:
        chain = chain_ids(image.config_file.rootfs.diff_ids)
        below = next((each for each in reversed(chain[:-1]) if (each,) in tops), None)
        standing.setdefault(below, []).append(image)
    placed: set[Digest] = set()

    def grow(below: Digest | None, depth: int) -> tuple[Family, ...]:
        members = []
        for image in sorted(standing.get(below, ()), key=_name):
            top = image.layers[-1].chain_id if len(image.layers) else None
            # Of several images of the same layers, the first in the order carries those above.
            children: tuple[Family, ...] = ()
            if top is not None and top not in placed:
                placed.add(top)
                children = grow(top, len(image.layers))
            members.append(
                Family(
                    image,
                    own=sum(layer.size for layer in image.layers[depth:]),
                    shared=sum(layer.size for layer in image.layers if len(users[layer.chain_id]) > 1),
                    children=children,
                )
            )
        return tuple(members)

    return grow(None, 0)


def _name(image: Image) -> str:
    return image.names[0].familiar if image.names else f"~{image.id}"


def shared_layers(images: Iterable[Image]) -> Mapping[Digest, tuple[Image, ...]]:
    """The images that have each layer, by ChainID: the same layer upon the same ones.

    Raises:
        InvalidContent: an image is not what it should be.
    """
    users: dict[Digest, tuple[Image, ...]] = {}
    for image in images:
        for chain_id in chain_ids(image.config_file.rootfs.diff_ids):
            users[chain_id] = (*users.get(chain_id, ()), image)
    return users
