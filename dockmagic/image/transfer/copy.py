"""Copy: an image from any source to any sink, blobs as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import BlobSink, Progress
    from dockmagic.oci.reference import Reference

__all__ = ["copy"]


def copy(
    source: ImageSource,
    sink: BlobSink,
    ref: Reference,
    *,
    target: Reference | None = None,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
) -> Image:
    """Copy the image that `ref` names from `source` to `sink`, every blob verified on the way; no layer is opened.

    Args:
        source: where from.
        sink: where to.
        ref: its name in `source`.
        target: its name in `sink`; None for the same.
        platform: which one of an index; None for this machine's.
        on_progress: hears of each blob.
    """
    raise NotImplementedError
