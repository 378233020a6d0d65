"""Load: images out of a docker-archive or oci-archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.oci.protocols import Progress
    from dockmagic.store.content import ContentStore

__all__ = ["load"]


def load(source: Path | BinaryIO, store: ContentStore, *, on_progress: Progress = ignore_progress) -> tuple[Image, ...]:
    """Bring every image of an archive into the store, verified.

    Args:
        source: a file, or a stream (``docker load < FILE``), plain or compressed by gzip or zstd.
        store: where they go.
        on_progress: hears of each layer.

    Raises:
        InvalidArchive: truncated, ambiguous, hostile, or no archive of images; nothing is named.
    """
    raise NotImplementedError
