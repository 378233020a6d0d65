"""Images unpacked whole, layer over layer, for containers that copy them because no overlay can be mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import layers
from .work import work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

    from .isolation import Isolation

__all__ = ["ensure", "furnish"]


def ensure(store: ContentStore, isolation: Isolation, image: Image) -> list[str]:
    """Unpack an image in the form that `isolation` needs, if it is not there; names of the folders, base first.

    Raises:
        InvalidLayer: a broken layer.
        OutOfSpace: the disk is full.
    """
    if not isolation.copies:
        return layers.ensure(store, isolation, image)
    described = layers.describe(store, image)
    folder = store.home.layers / isolation.form_name
    # As a layer that stands on those below it, so that the collector knows whose it is.
    below = image.layers[-2].chain_id if len(described) > 1 else None
    key = layers.key_of(image.layers[-1].diff_id, below) if described else "empty"
    if not (folder / key).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with store.home.lock(f"layers-{isolation.form_name}"):
            work(isolation, "remove", paths=[str(path) for path in folder.glob(".new-*")])
            if not (folder / key).exists():
                work(isolation, "unpack_whole", folder=str(folder), key=key, layers=described)
    return [key]


def furnish(store: ContentStore, isolation: Isolation, unpacked: Sequence[str], folder: Path) -> None:
    """Give the new container in `folder` its own copy of what `ensure` unpacked, unless overlay does that.

    Raises:
        OutOfSpace: the disk is full.
    """
    if isolation.copies:
        tree = store.home.layers / isolation.form_name / unpacked[-1]
        work(isolation, "copy", tree=str(tree), folder=str(folder))
