"""A draft: the documents of an image, taken apart so that layers and the steps that made them stay together.

What is changed is changed in the documents' own JSON, so members that no specification knows survive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.errors import NotSupported
from dockmagic.oci.media import Compression
from dockmagic.oci.spec import Config, config_members, manifest_members, to_json

from .image import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor, History
    from dockmagic.store.content import ContentStore

__all__ = ["BASE_DIGEST", "BASE_NAME", "Draft", "DraftLayer", "DraftStep", "layer_compression"]

#: Annotations that say which image an image stands on (annotations.md).
BASE_NAME: Final = "org.opencontainers.image.base.name"
BASE_DIGEST: Final = "org.opencontainers.image.base.digest"

_CONFIG: Final = frozenset(field.encode_name for field in msgspec.structs.fields(Config))


class DraftLayer(msgspec.Struct, frozen=True):
    """One layer.

    Attributes:
        descriptor: of its blob.
        diff_id: of its tar.
    """

    descriptor: Descriptor
    diff_id: Digest


class DraftStep(msgspec.Struct):
    """One row of the history, and the layer that it made.

    Attributes:
        row: the JSON object; `Draft.write` keeps its ``empty_layer`` right.
        layer: None for a step that made none.
    """

    row: dict[str, Any]
    layer: DraftLayer | None = None


class Draft:
    """The documents of an image while they are changed; `write` makes an image of them, the old one stays.

    Args:
        image: what to begin with.

    Attributes:
        config: the configuration's members, but for ``rootfs`` and ``history``.
        manifest: the manifest's members, but for ``config`` and ``layers``.
        steps: history and layers, oldest first.
        docker: whether the new manifest is of Docker's media types; else it is of OCI's.
    """

    def __init__(self, image: Image) -> None:
        self.config = config_members(image.raw_config)
        self.manifest = manifest_members(image.raw_manifest)
        self.docker = False
        self._has_history = "history" in self.config
        layers = map(DraftLayer, image.manifest.layers, image.config_file.rootfs.diff_ids)
        self.steps: list[DraftStep] = []
        for row in self.config.get("history") or ():
            self.steps.append(DraftStep(row, None if row.get("empty_layer") else next(layers, None)))
        # Steps that made a layer are matched with layers by their order, so a history with gaps is filled up.
        self.steps += [DraftStep({}, layer) for layer in layers]

    @property
    def layers(self) -> list[DraftLayer]:
        """Its layers, base first."""
        return [step.layer for step in self.steps if step.layer is not None]

    def place(self, layer: int) -> int:
        """Where in `steps` the one is that made the layer with this index."""
        return [place for place, step in enumerate(self.steps) if step.layer is not None][layer]

    def add(self, history: History, layer: DraftLayer | None = None, *, at: int | None = None) -> None:
        """One more step; its time becomes the image's `created`, its author, if it has one, the image's.

        Args:
            history: the step.
            layer: what it made.
            at: its place in `steps`; None for the end.
        """
        step = DraftStep(msgspec.to_builtins(history), layer)
        self.steps.insert(len(self.steps) if at is None else at, step)
        if history.created:
            self.config["created"] = history.created
        if history.author:
            self.config["author"] = history.author

    def forget_base(self) -> None:
        """Take away what says which image it stands on, once its lowest layers are others (annotations.md)."""
        self.annotate(dict.fromkeys((BASE_NAME, BASE_DIGEST)))

    def annotate(self, annotations: Mapping[str, str | None]) -> None:
        """Set annotations of the manifest; None takes one away."""
        merged = {**(self.manifest.get("annotations") or {}), **annotations}
        self.manifest["annotations"] = {key: value for key, value in merged.items() if value is not None}
        if not self.manifest["annotations"]:
            del self.manifest["annotations"]

    def configure(self, config: Config) -> None:
        """Replace the inner configuration: what the struct knows, also by nothing; what it does not know stays."""
        unknown = {key: value for key, value in (self.config.get("config") or {}).items() if key not in _CONFIG}
        self.config["config"] = {**msgspec.to_builtins(config), **unknown}

    def write(self, store: ContentStore) -> Image:
        """The new image; its layers must be in `store`, which it has no name in yet.

        Raises:
            NotSupported: a layer that Docker's manifests have no media type for.
            OutOfSpace: the disk is full.
        """
        layers = self.layers
        config = {**self.config, "rootfs": {"type": "layers", **(self.config.get("rootfs") or {})}}
        config["rootfs"]["diff_ids"] = [layer.diff_id for layer in layers]
        if self._has_history or any(step.row for step in self.steps):
            config["history"] = [_row(step) for step in self.steps]
        kind = media.DOCKER_MANIFEST if self.docker else media.OCI_MANIFEST
        document = {
            **self.manifest,
            "schemaVersion": 2,
            "mediaType": kind,
            "config": store.put_bytes(media.DOCKER_CONFIG if self.docker else media.OCI_CONFIG, to_json(config)),
            "layers": [_typed(store, layer.descriptor, docker=self.docker) for layer in layers],
        }
        return Image(store, store.put_bytes(kind, to_json(document)), home=store.home, keep_tables=True)


def _row(step: DraftStep) -> dict[str, Any]:
    if bool(step.row.get("empty_layer")) == (step.layer is None):
        return step.row
    row = {key: value for key, value in step.row.items() if key != "empty_layer"}
    return row if step.layer is not None else {**row, "empty_layer": True}


def _typed(store: ContentStore, layer: Descriptor, *, docker: bool) -> Descriptor:
    """The layer with a media type of the manifest's family."""
    if layer.media_type.startswith(media.OCI_LAYER) and not docker:
        return layer
    compression = layer_compression(store, layer)
    if docker and compression is Compression.ZSTD:
        raise NotSupported(
            "Docker's manifests have no media type for zstd layers", hint="Convert them too: --compression gzip"
        )
    return msgspec.structs.replace(layer, media_type=media.layer_type(compression, docker=docker))


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
