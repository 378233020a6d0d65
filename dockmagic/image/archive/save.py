"""Save: images into one archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.image import Image

__all__ = ["save"]


def save(
    images: Iterable[Image],
    out: BinaryIO,
    *,
    form: str = "docker-archive",
    compression: Compression = Compression.NONE,
) -> None:
    """Write `images`, each under its names, as one archive.

    Args:
        images: what to save; `Image.names` are written, an image without a name goes by its ID alone.
        out: a binary stream, not necessarily seekable.
        form: ``docker-archive`` (``docker save``; every docker, podman and skopeo reads it) or ``oci-archive``.
        compression: of the archive as a whole.

    Raises:
        InvalidInput: no images, or another form.
    """
    raise NotImplementedError
