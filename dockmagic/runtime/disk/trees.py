"""Images unpacked whole, layer over layer, for containers that copy them because no overlay can be mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.runtime.machine.isolation import Isolation
from dockmagic.runtime.machine.work import work

from . import layers

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

    from .record import Record

__all__ = ["ensure", "furnish"]

_FILES = ("dev", "proc", "sys", "etc/hostname", "etc/hosts", "etc/resolv.conf")


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
        store.home.make(folder)
        with store.home.lock(f"layers-{isolation.form_name}"):
            work(isolation, "remove", paths=[str(path) for path in folder.glob(".new-*")])
            if not (folder / key).exists():
                work(isolation, "unpack_whole", folder=str(folder), key=key, layers=described)
    return [key]


def furnish(store: ContentStore, record: Record, folder: Path, *, image_volumes: bool) -> None:
    """Give the new container in `folder` its own copy of what `ensure` unpacked, unless overlay does that.

    Args:
        store: of the home.
        record: of the container.
        folder: that it is made in.
        image_volumes: what its image declares as ``VOLUME`` is no part of what it changes; to a build it is.

    Raises:
        OutOfSpace: the disk is full.
    """
    isolation = Isolation.of(record.tier, record.isolation)
    if not isolation.copies:
        return
    # Where nothing can be mounted these are part of the copy, but no part of what the container changes.
    apart = [] if isolation.namespaces else [*_FILES, *((record.config.volumes or {}) if image_volumes else ())]
    tree = store.home.layers / isolation.form_name / record.layers[-1]
    work(isolation, "copy", tree=str(tree), folder=str(folder), apart=[path.strip("/") for path in apart])
