"""Changed images: free functions that write a new image into a store and return it; the old one stays as it is.

What is changed is changed in the documents' own JSON, so members that no specification knows survive. New manifests
have OCI media types throughout, whatever the old one had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.oci import media
from dockmagic.oci.spec import Config, config_members, manifest_members, to_json

from .image import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.media import Compression
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.spec import Descriptor, History
    from dockmagic.store.content import ContentStore

__all__ = ["append_layer", "empty_image", "layer_compression", "with_config", "with_history", "with_labels"]


def empty_image(store: ContentStore, platform: Platform, *, created: str = "") -> Image:
    """An image of no layers (``FROM scratch``)."""
    config: dict[str, Any] = {"created": created} if created else {}
    config |= {"architecture": platform.architecture, "os": platform.os}
    if platform.variant:
        config["variant"] = platform.variant
    config |= {"config": {}, "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
    return _write(store, config, {}, ())


def append_layer(store: ContentStore, image: Image, layer: Descriptor, diff_id: Digest, history: History) -> Image:
    """`image` with one more layer on top; its blob (and those of `image`) must be in `store`.

    Args:
        store: where the new image goes, without a name: `ContentStore.tag` it while the lease lasts.
        image: what it stands on.
        layer: the blob.
        diff_id: of its tar.
        history: the step that made it; its time becomes the image's `created`, its author, if it has one, the image's.
    """
    config = config_members(image.raw_config)
    config["rootfs"] = {"type": "layers", **(config.get("rootfs") or {})}
    config["rootfs"]["diff_ids"] = [*image.config_file.rootfs.diff_ids, diff_id]
    return _with_step(store, image, config, history, (*image.manifest.layers, layer))


def with_config(store: ContentStore, image: Image, config: Config, history: History | None = None) -> Image:
    """`image` with another inner configuration; `history` adds an empty step that says why."""
    changed = config_members(image.raw_config)
    # What the struct knows is replaced, also by nothing; what it does not know stays.
    known = {field.encode_name for field in msgspec.structs.fields(Config)}
    unknown = {key: value for key, value in (changed.get("config") or {}).items() if key not in known}
    changed["config"] = {**msgspec.to_builtins(config), **unknown}
    return _with_step(store, image, changed, history, image.manifest.layers)


def with_labels(store: ContentStore, image: Image, labels: Mapping[str, str], history: History | None = None) -> Image:
    """`image` with further labels."""
    merged = {**(image.config.labels or {}), **labels}
    return with_config(store, image, msgspec.structs.replace(image.config, labels=merged), history)


def with_history(store: ContentStore, image: Image, history: History) -> Image:
    """`image` with one more step that made no layer."""
    return _with_step(store, image, config_members(image.raw_config), history, image.manifest.layers)


def _with_step(
    store: ContentStore, image: Image, config: dict[str, Any], history: History | None, layers: Sequence[Descriptor]
) -> Image:
    if history is not None:
        adds_layer = len(layers) > len(image.manifest.layers)
        step = msgspec.structs.replace(history, empty_layer=None if adds_layer else True)
        steps = list(config.get("history") or ())
        # Steps that made a layer are matched with layers by their order, so a history with gaps is filled up first.
        missing = len(image.manifest.layers) - sum(not each.get("empty_layer") for each in steps)
        config["history"] = [*steps, *({} for _ in range(missing)), msgspec.to_builtins(step)]
        if history.created:
            config["created"] = history.created
        if history.author:
            config["author"] = history.author
    return _write(store, config, manifest_members(image.raw_manifest), layers)


def _write(
    store: ContentStore, config: dict[str, Any], manifest: dict[str, Any], layers: Sequence[Descriptor]
) -> Image:
    config_desc = store.put_bytes(media.OCI_CONFIG, to_json(config))
    changed = {
        **manifest,
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": config_desc,
        "layers": [_as_oci(store, layer) for layer in layers],
    }
    desc = store.put_bytes(media.OCI_MANIFEST, to_json(changed))
    return Image(store, desc, home=store.home, keep_tables=True)


def layer_compression(store: ContentStore, layer: Descriptor) -> Compression:
    """How a layer is compressed, for the media type that it gets in another manifest.

    Args:
        store: has it.
        layer: whose media type says it; where that says nothing, the first bytes do.
    """
    if layer.media_type != media.OCTETS:
        return media.compression_of(layer.media_type)
    from dockmagic.layer.compression.table import LONGEST_MAGIC, detect

    with store.open(layer, verify=False) as blob:
        return detect(blob.read(LONGEST_MAGIC))


def _as_oci(store: ContentStore, layer: Descriptor) -> Descriptor:
    if layer.media_type.startswith(media.OCI_LAYER):
        return layer
    return msgspec.structs.replace(layer, media_type=media.layer_type(layer_compression(store, layer)))
