"""Changed images: free functions that write a new image into a store and return it; the old one stays as it is.

New manifests have OCI media types throughout, whatever the old one had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.oci import media
from dockmagic.oci.spec import to_json

from .draft import Draft, DraftLayer
from .image import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.spec import Config, Descriptor, History
    from dockmagic.store.content import ContentStore

__all__ = ["append_layer", "empty_image", "with_config", "with_history", "with_labels"]


def empty_image(store: ContentStore, platform: Platform, *, created: str = "") -> Image:
    """An image of no layers (``FROM scratch``)."""
    config: dict[str, Any] = {"created": created} if created else {}
    config |= {"architecture": platform.architecture, "os": platform.os}
    if platform.variant:
        config["variant"] = platform.variant
    config |= {"config": {}, "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
    config_desc = store.put_bytes(media.OCI_CONFIG, to_json(config))
    document = {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "config": config_desc, "layers": []}
    return Image(store, store.put_bytes(media.OCI_MANIFEST, to_json(document)), home=store.home, keep_tables=True)


def append_layer(store: ContentStore, image: Image, layer: Descriptor, diff_id: Digest, history: History) -> Image:
    """`image` with one more layer on top; its blob (and those of `image`) must be in `store`.

    Args:
        store: where the new image goes, without a name: `ContentStore.tag` it while the lease lasts.
        image: what it stands on.
        layer: the blob.
        diff_id: of its tar.
        history: the step that made it; its time becomes the image's `created`, its author, if it has one, the image's.
    """
    draft = Draft(image)
    draft.add(history, DraftLayer(layer, diff_id))
    return draft.write(store)


def with_config(store: ContentStore, image: Image, config: Config, history: History | None = None) -> Image:
    """`image` with another inner configuration; `history` adds an empty step that says why."""
    draft = Draft(image)
    draft.configure(config)
    if history is not None:
        draft.add(history)
    return draft.write(store)


def with_labels(store: ContentStore, image: Image, labels: Mapping[str, str], history: History | None = None) -> Image:
    """`image` with further labels."""
    merged = {**(image.config.labels or {}), **labels}
    return with_config(store, image, msgspec.structs.replace(image.config, labels=merged), history)


def with_history(store: ContentStore, image: Image, history: History) -> Image:
    """`image` with one more step that made no layer."""
    draft = Draft(image)
    draft.add(history)
    return draft.write(store)
