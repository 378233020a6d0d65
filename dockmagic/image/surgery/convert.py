"""Convert: other compression, or other media types; the files, the steps and the image ID stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.image.draft import Draft, DraftLayer, layer_compression
from dockmagic.image.layer_writer import recompress
from dockmagic.oci import media

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.oci.media import Compression

    from .workspace import Workspace

__all__ = ["convert"]


def convert(
    workspace: Workspace,
    image: Image,
    *,
    compression: Compression | None = None,
    level: int | None = None,
    docker: bool | None = None,
) -> Image:
    """The image with other blobs for the same layers, or other media types.

    DiffIDs stay, and so does the configuration but for its media type: no step is added.

    Args:
        workspace: with the store, which has the blobs of the image.
        image: to change.
        compression: of all layers; None leaves them as they are.
        level: of it; None for the usual one, with which layers that are compressed so already stay as they are.
        docker: whether the manifest gets Docker's media types (which leave no place for annotations) or OCI's; None
            leaves them.

    Raises:
        NotSupported: Docker's media types for zstd layers.
        InvalidContent: a layer is not what it should be.
        OutOfSpace: the disk is full.
    """
    draft = Draft(image)
    draft.docker = image.descriptor.media_type == media.DOCKER_MANIFEST if docker is None else docker
    if draft.docker:
        draft.annotate(dict.fromkeys(draft.manifest.get("annotations") or {}))
    for step, layer in zip([step for step in draft.steps if step.layer], image.layers, strict=True):
        known = layer_compression(workspace.store, layer.descriptor)
        if compression is not None and (known is not compression or level is not None):
            blob = recompress(
                workspace.store,
                layer,
                workspace.keep,
                compression=compression,
                level=level,
                reproducible=workspace.epoch is not None,
            )
            step.layer = DraftLayer(blob, layer.diff_id)
        elif draft.docker:
            step.layer = DraftLayer(replace(layer.descriptor, annotations=None), layer.diff_id)
    return workspace.finish(draft)
