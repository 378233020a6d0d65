"""The image that a step makes of the one before it: its documents, written at once and without waiting for the disk.

Layers, documents and history come together here, where `image.mutate` changes one thing at a time. The disk is waited
for once, when the result gets its name (`settle`).
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.image.draft import layer_compression
from dockmagic.image.image import Image
from dockmagic.oci import media
from dockmagic.oci.errors import BlobNotFound
from dockmagic.oci.spec import Config, History, config_members, to_json
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.image.configuration import Settings
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore

__all__ = ["COMMENT", "commit_step", "finish", "moment", "scratch", "settle"]

#: What BuildKit says in every row of a history that it writes.
COMMENT = "buildkit.dockerfile.v0"

_KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(Config))


def moment(seconds: float) -> str:
    """A time as documents have it (RFC 3339), with the fraction that it has."""
    when = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if when.microsecond else "%Y-%m-%dT%H:%M:%SZ")


def scratch(store: ContentStore, platform: Platform) -> Image:
    """``FROM scratch``: no layers, and nothing said but the platform."""
    config: dict[str, Any] = {"architecture": platform.architecture, "os": platform.os}
    if platform.variant:
        config["variant"] = platform.variant
    config |= {"config": {"WorkingDir": "/"}, "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
    return _write(store, config, {"schemaVersion": 2}, [])


def commit_step(
    store: ContentStore,
    image: Image,
    settings: Settings,
    *,
    text: str | None,
    created: str,
    layer: NewLayer | None = None,
) -> Image:
    """`image` after one step.

    Args:
        store: where it goes, without a name.
        image: before the step.
        settings: after it.
        text: of the history row; None for none.
        created: when the step was done.
        layer: that it made; without, the row says ``empty_layer``.
    """
    config = config_members(image.raw_config)
    # What the struct knows is replaced, also by nothing; what it does not know stays.
    unknown = {key: value for key, value in (config.get("config") or {}).items() if key not in _KNOWN}
    config["config"] = {**msgspec.to_builtins(settings.config), **unknown}
    if settings.author:
        config["author"] = settings.author
    layers = [*image.manifest.layers]
    if text is not None:
        row = History(created=created, created_by=text, comment=COMMENT, empty_layer=None if layer else True)
        rows = list(config.get("history") or ())
        # Rows are matched with layers by their order, so a history with gaps is filled up first.
        missing = len(layers) - sum(not each.get("empty_layer") for each in rows)
        config["history"] = [*rows, *({} for _ in range(missing)), msgspec.to_builtins(row)]
        config["created"] = created
    if layer is not None:
        config["rootfs"] = {"type": "layers", **(config.get("rootfs") or {})}
        config["rootfs"]["diff_ids"] = [*image.config_file.rootfs.diff_ids, layer.diff_id]
        layers.append(layer.descriptor)
    grown = _write(store, config, {"schemaVersion": 2}, layers)
    grown.layers.stack.grow_from(image.layers.stack)
    return grown


def finish(
    store: ContentStore,
    image: Image,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    docker_media_types: bool,
    layers: Sequence[Descriptor] | None = None,
) -> Image:
    """The result of a build as it gets its name: with what the flags add to it.

    Args:
        store: where it goes.
        image: of the last step.
        labels: over the image's.
        annotations: of the manifest; those of a base image are not handed on.
        docker_media_types: Docker's instead of OCI's.
        layers: its layers, compressed in another way; None for them as they are.
    """
    config = config_members(image.raw_config)
    if labels:
        inner = config.get("config") or {}
        config["config"] = {**inner, "Labels": {**(inner.get("Labels") or {}), **labels}}
    manifest: dict[str, Any] = {"schemaVersion": 2}
    if annotations:
        manifest["annotations"] = dict(annotations)
    layers = image.manifest.layers if layers is None else layers
    done = _write(store, config, manifest, list(layers), docker=docker_media_types)
    done.layers.stack.grow_from(image.layers.stack)
    return done


def settle(store: ContentStore, image: Image) -> None:
    """Wait until all of an image is on the disk: a name may say that it is here from now on.

    Raises:
        BlobNotFound: a layer of the base image has gone from the store.
        OutOfSpace: the disk is full.
    """
    with disk_errors():
        for digest in (*(layer.digest for layer in image.manifest.layers), image.id, image.digest):
            try:
                descriptor = os.open(store.path(digest), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                raise BlobNotFound(
                    f"the blob {digest} is not in the local store", hint="Pull its image again"
                ) from None
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _write(
    store: ContentStore,
    config: dict[str, Any],
    manifest: dict[str, Any],
    layers: list[Descriptor],
    *,
    docker: bool = False,
) -> Image:
    raw_config = to_json(config)
    kind = media.DOCKER_CONFIG if docker else media.OCI_CONFIG
    form = media.DOCKER_MANIFEST if docker else media.OCI_MANIFEST
    config_desc = store.put_bytes(kind, raw_config, durable=False)
    named = {
        **manifest,
        "mediaType": form,
        "config": config_desc,
        "layers": [_as(store, layer, docker) for layer in layers],
    }
    raw = to_json(named)
    image = Image(
        store, store.put_bytes(form, raw, durable=False), image_id=config_desc.digest, home=store.home, keep_tables=True
    )
    image.raw_manifest, image.raw_config = raw, raw_config
    return image


def _as(store: ContentStore, layer: Descriptor, docker: bool) -> Descriptor:  # noqa: FBT001  (private, one caller)
    return msgspec.structs.replace(layer, media_type=media.layer_type(layer_compression(store, layer), docker=docker))
