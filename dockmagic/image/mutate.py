"""Changed images: free functions that write a new image into a store and return it; the old one stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.spec import Config, Descriptor, History
    from dockmagic.store.content import ContentStore

    from .image import Image

__all__ = ["append_layer", "empty_image", "with_config", "with_history", "with_labels"]


def empty_image(store: ContentStore, platform: Platform, *, created: str = "") -> Image:
    """An image of no layers (``FROM scratch``)."""
    raise NotImplementedError


def append_layer(store: ContentStore, image: Image, layer: Descriptor, diff_id: Digest, history: History) -> Image:
    """`image` with one more layer on top; its blob (and those of `image`) must be in `store`.

    Args:
        store: where the new image goes, without a name: `ContentStore.tag` it while the lease lasts.
        image: what it stands on.
        layer: the blob.
        diff_id: of its tar.
        history: the step that made it; its time becomes the image's `created`.
    """
    raise NotImplementedError


def with_config(store: ContentStore, image: Image, config: Config, history: History | None = None) -> Image:
    """`image` with another inner configuration; `history` adds an empty step that says why."""
    raise NotImplementedError


def with_labels(store: ContentStore, image: Image, labels: Mapping[str, str], history: History | None = None) -> Image:
    """`image` with further labels."""
    raise NotImplementedError


def with_history(store: ContentStore, image: Image, history: History) -> Image:
    """`image` with one more step that made no layer."""
    raise NotImplementedError
