"""Unpacked layers on the disk: each is unpacked once and shared by all containers."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Annotated

import msgspec

from dockmagic.runtime.machine.work import work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.runtime.machine.isolation import Isolation
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

__all__ = ["can_take_over", "describe", "ensure", "in_use", "key_of", "keys", "tables", "take_over"]

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


@contextlib.contextmanager
def in_use(home: Home) -> Iterator[None]:
    """Keep the collector from unpacked layers until a container says that it needs them."""
    with home.lock("unpacked", shared=True):
        yield


def ensure(store: ContentStore, isolation: Isolation, image: Image) -> list[str]:
    """Unpack what is missing of an image's layers in the form that `isolation` mounts; `keys` of all.

    Raises:
        InvalidLayer: a broken layer.
        OutOfSpace: the disk is full.
    """
    wanted = keys(store, image)
    folder = store.home.layers / isolation.form_name
    store.home.make(folder)  # a container of no layers looks into it, too
    if all((folder / key).exists() for key in wanted):
        return wanted
    with store.home.lock(f"layers-{isolation.form_name}"):
        leftovers = [str(path) for path in folder.glob(".new-*")]
        if leftovers:
            work(isolation, "remove", paths=leftovers)
        work(isolation, "unpack", folder=str(folder), layers=describe(store, image))
    return wanted


def can_take_over(isolation: Isolation) -> bool:
    """Whether a container's writable layer lies on disk as an unpacked layer does: overlay's form, real owners."""
    return not isolation.copies and isolation.keeps_owners


def take_over(store: ContentStore, isolation: Isolation, upper: Path, diff_id: Digest) -> None:
    """Let the folder `upper`, which is what the layer unpacks to, be its unpacked layer, unless there is one."""
    place = store.home.layers / isolation.form_name / key_of(diff_id)
    with contextlib.suppress(OSError):  # it is there, or the folder is not ours to move: then it is unpacked
        if not place.exists():
            upper.rename(place)
