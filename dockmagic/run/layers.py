"""Unpacked layers on the disk: each is unpacked once and shared by all containers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .work import work

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

    from .isolation import Isolation

__all__ = ["ensure", "keys", "tables"]

_KEY_LENGTH = 16  # 127 of them, with the colons between, fit into mount(2)'s page


def keys(image: Image) -> list[str]:
    """Names of the folders of an image's layers, base first.

    One stands for a DiffID; if the layer takes something from those below, for these too.
    """
    found = []
    below = ""
    for layer in image.layers:
        text = f"{layer.diff_id} {below}" if layer.table.needs_parent else layer.diff_id
        found.append(hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH])
        below = layer.chain_id
    return found


def tables(store: ContentStore, image: Image) -> list[str]:
    """Paths of the file tables of an image's layers, base first; they are made if they are not there."""
    from dockmagic.image.tables import keep_table

    paths = []
    for layer in image.layers:
        path = store.home.table(layer.diff_id)
        if not path.exists():
            keep_table(store.home, layer.diff_id, layer.table)
        paths.append(str(path))
    return paths


def ensure(store: ContentStore, isolation: Isolation, image: Image) -> list[str]:
    """Unpack what is missing of an image's layers in the form that `isolation` mounts; `keys` of all.

    Raises:
        InvalidLayer: a broken layer.
        OutOfSpace: the disk is full.
    """
    wanted = keys(image)
    folder = store.home.layers / isolation.form_name
    if all((folder / key).exists() for key in wanted):
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with store.home.lock(f"layers-{isolation.form_name}"):
        leftovers = [str(path) for path in folder.glob(".new-*")]
        if leftovers:
            work(isolation, "remove", paths=leftovers)
        described = [
            {
                "key": key,
                "blob": str(store.path(layer.descriptor.digest)),
                "media_type": layer.descriptor.media_type,
                "diff_id": layer.diff_id,
                "table": table,
            }
            for key, layer, table in zip(wanted, image.layers, tables(store, image), strict=True)
        ]
        work(isolation, "unpack", folder=str(folder), layers=described)
    return wanted
