"""Names of unpacked layers, and the request to the process that unpacks them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore

__all__ = ["describe", "key_of", "keys", "tables"]

_KEY_LENGTH = 16  # 127 of them, with the colons between, fit into mount(2)'s page


#: What `key_of` gives, where it is read again.
Key = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]


def key_of(diff_id: Digest, below: Digest | None = None) -> str:
    """Name of the folder of a layer; `below` is the ChainID under it, if the layer takes something from there."""
    text = f"{diff_id} {below}" if below else diff_id
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


def keys(store: ContentStore, image: Image) -> list[str]:
    """Names of the folders of an image's layers, base first.

    One stands for a DiffID; if the layer takes something from those below, for these too.
    """
    # Kept, for to know it takes a look into every file table.
    cached = store.home.cache(f"unpacked/{image.id.hex}")
    known = store.home.recall(cached, list[Key])
    if known is not None and len(known) == len(image.layers):
        return known
    found, below = [], None
    for layer in image.layers:
        found.append(key_of(layer.diff_id, below if layer.table.needs_parent else None))
        below = layer.chain_id
    store.home.write(cached, json.dumps(found).encode(), durable=False)
    return found


def describe(store: ContentStore, image: Image) -> list[dict[str, str]]:
    """An image's layers, base first, as the worker unpacks them."""
    return [
        {
            "key": key,
            "blob": str(store.path(layer.descriptor.digest)),
            "media_type": layer.descriptor.media_type,
            "diff_id": layer.diff_id,
            "table": table,
        }
        for key, layer, table in zip(keys(store, image), image.layers, tables(store, image), strict=True)
    ]


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
