"""Import and export: a root file system as one tar, without history."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Config
    from dockmagic.store.content import ContentStore

__all__ = ["export_rootfs", "import_rootfs"]


def export_rootfs(image: Image, out: BinaryIO) -> None:
    """Write the merged view of `image` as one uncompressed tar (``docker export``)."""
    raise NotImplementedError


def import_rootfs(
    source: BinaryIO,
    store: ContentStore,
    ref: Reference | None = None,
    *,
    config: Config | None = None,
    message: str = "",
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
) -> Image:
    """Make an image of one layer from a tar, plain or compressed by gzip or zstd (``docker import``).

    Raises:
        InvalidLayer: not a readable tar, or one that leads out.
    """
    raise NotImplementedError
