"""Media types of the OCI image specification (media-types.md) and their Docker equals."""

from __future__ import annotations

from enum import Enum
from typing import Final

from .errors import UnsupportedMediaType

__all__ = [
    "DOCKER_CONFIG",
    "DOCKER_INDEX",
    "DOCKER_LAYER_GZIP",
    "DOCKER_MANIFEST",
    "OCI_CONFIG",
    "OCI_EMPTY",
    "OCI_INDEX",
    "OCI_LAYER",
    "OCI_LAYER_GZIP",
    "OCI_LAYER_ZSTD",
    "OCI_MANIFEST",
    "OCTETS",
    "Compression",
    "compression_of",
    "is_config",
    "is_index",
    "is_manifest",
    "layer_type",
]

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY: Final = "application/vnd.oci.empty.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP: Final = f"{OCI_LAYER}+gzip"
OCI_LAYER_ZSTD: Final = f"{OCI_LAYER}+zstd"
#: Bytes of whatever kind: some tools name layers so, and their first bytes alone say how they are compressed.
OCTETS: Final = "application/octet-stream"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_DOCKER_LAYER = DOCKER_LAYER_GZIP.removesuffix(".gzip")
_NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"


class Compression(Enum):
    """How a tar is compressed; the value is the suffix of the OCI media type.

    `dockmagic.layer.compression` has a module of the same name for each. The specification has media types for the
    first three alone. Layers and archives of the others are read, as docker
    reads them, but none is made.
    """

    NONE = ""
    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"
    BZIP2 = "bzip2"

    @property
    def is_standard(self) -> bool:
        """Whether the specification has a media type for layers of this kind."""
        return self in (Compression.NONE, Compression.GZIP, Compression.ZSTD)


#: What names a tar of a layer, before its compression: OCI's and Docker's, and those that may not be distributed.
_TARS = (
    OCI_LAYER,
    _NONDISTRIBUTABLE,
    _DOCKER_LAYER,
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
)

# OCI writes "+gzip", Docker ".gzip"; tools that convert between them write either behind both.
_LAYERS = {
    f"{tar}{separator}{compression.value}" if compression.value else tar: compression
    for tar in _TARS
    for compression in Compression
    for separator in "+."
} | {OCTETS: Compression.NONE}


def layer_type(compression: Compression, *, docker: bool = False) -> str:
    """The media type of a layer that is compressed so, of OCI's or of Docker's family."""
    tar, separator = (_DOCKER_LAYER, ".") if docker else (OCI_LAYER, "+")
    return f"{tar}{separator}{compression.value}" if compression.value else tar


def is_index(media_type: str) -> bool:
    """Whether this names an image index (Docker: manifest list)."""
    return media_type in (OCI_INDEX, DOCKER_INDEX)


def is_manifest(media_type: str) -> bool:
    """Whether this names an image manifest of one platform."""
    return media_type in (OCI_MANIFEST, DOCKER_MANIFEST)


def is_config(media_type: str) -> bool:
    """Whether this names an image configuration."""
    return media_type in (OCI_CONFIG, DOCKER_CONFIG)


def compression_of(media_type: str) -> Compression:
    """The compression that a layer's media type claims.

    Raises:
        UnsupportedMediaType: not a file system layer, such as an artifact or an encrypted layer.
    """
    try:
        return _LAYERS[media_type]
    except KeyError:
        raise UnsupportedMediaType(
            f"{media_type!r} is not a file system layer",
            hint="Only container images can be used here, not other artifacts or encrypted layers",
        ) from None
