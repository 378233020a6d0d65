"""Media types: which documents they name, and how layers are compressed."""

from __future__ import annotations

import pytest

from dockmagic.oci import media
from dockmagic.oci.errors import UnsupportedMediaType
from dockmagic.oci.media import Compression


@pytest.mark.parametrize(
    ("media_type", "compression"),
    [
        ("application/vnd.oci.image.layer.v1.tar", Compression.NONE),
        ("application/vnd.oci.image.layer.v1.tar+gzip", Compression.GZIP),
        ("application/vnd.oci.image.layer.v1.tar+zstd", Compression.ZSTD),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Compression.GZIP),
        ("application/vnd.docker.image.rootfs.diff.tar", Compression.NONE),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", Compression.GZIP),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", Compression.ZSTD),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Compression.GZIP),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar", Compression.NONE),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.zstd", Compression.ZSTD),
        ("application/vnd.docker.image.rootfs.diff.tar+gzip", Compression.GZIP),
        ("application/octet-stream", Compression.NONE),
    ],
)
def test_layers_say_their_compression(media_type: str, compression: Compression) -> None:
    """OCI and Docker names of layers, distributable or not."""
    assert media.compression_of(media_type) is compression


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        media.OCI_CONFIG,
        media.OCI_EMPTY,
        "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        "text/plain",
    ],
)
def test_what_is_no_layer_is_refused_by_name(media_type: str) -> None:
    """Artifacts and encrypted layers give one line with their media type."""
    with pytest.raises(UnsupportedMediaType) as caught:
        media.compression_of(media_type)
    assert repr(media_type) in str(caught.value)


def test_documents_are_told_apart() -> None:
    """Each document's two names belong to one kind only."""
    kinds = {
        media.is_index: (media.OCI_INDEX, media.DOCKER_INDEX),
        media.is_manifest: (media.OCI_MANIFEST, media.DOCKER_MANIFEST),
        media.is_config: (media.OCI_CONFIG, media.DOCKER_CONFIG),
    }
    for asks, own in kinds.items():
        for types in kinds.values():
            assert [asks(name) for name in types] == [types == own] * 2
