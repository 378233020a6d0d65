"""Which layer is to thank (or to blame) for a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.store.layer.entry import Entry

__all__ = ["Blame", "blame"]


@dataclass(frozen=True, slots=True)
class Blame:
    """What one layer did to a path.

    Attributes:
        layer: the layer.
        letter: ``A`` added, ``C`` changed, ``D`` deleted it.
        entry: the path as this layer left it; None where it was deleted.
        visible: whether this is what the merged view shows.
    """

    layer: Layer
    letter: str
    entry: Entry | None
    visible: bool


def blame(image: Image, path: str) -> tuple[Blame, ...]:
    """The story of one path, base first.

    Raises:
        PathNotFound: no layer ever had it.
    """
    raise NotImplementedError
