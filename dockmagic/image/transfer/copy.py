"""Copy: an image from any source to any sink, blobs as they are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dockmagic.image.workers import side_by_side
from dockmagic.oci.protocols import ignore_progress
from dockmagic.store.content import ContentStore

from .choose import choose
from .fetch import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import BlobSink, Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

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
        on_progress: hears of each blob (``Downloading``, ``Already exists``, ``Download complete``).

    Returns:
        The image, as `source` shows it.

    Raises:
        ImageNotFound: no such image.
        InvalidContent: a blob is not what it should be; nothing of that is kept, and nothing named.
        OutOfSpace: the disk of `sink` is full.
        RegistryError: a registry refuses or fails.
    """
    image = choose(source, ref, platform=platform)
    blobs = {desc.digest: desc for desc in (*image.manifest.layers, image.manifest.config)}

    def move(desc: Descriptor, stop: Callable[[], bool]) -> None:
        if stop():
            raise InterruptedError
        if sink.has(desc):
            on_progress(desc, "Already exists", desc.size, desc.size)
            return
        on_progress(desc, "Downloading", 0, desc.size)
        if isinstance(sink, ContentStore):
            _resume(source, sink, desc, on_progress, stop)
        else:
            with source.open(desc) as stream:
                sink.put(desc, stream)
        on_progress(desc, "Download complete", desc.size, desc.size)

    lease = sink.lease((image.digest, *blobs)) if isinstance(sink, ContentStore) else contextlib.nullcontext()
    with lease:
        side_by_side(sorted(blobs.values(), key=lambda desc: -desc.size), move)
        sink.name(target or ref, image.descriptor, image.raw_manifest)
    return image


def _resume(
    source: ImageSource, store: ContentStore, desc: Descriptor, on_progress: Progress, stop: Callable[[], bool]
) -> None:
    """Into the local store, where an earlier attempt may have left something."""
    with store.writer(desc, stop=stop) as writer:
        if writer.present:
            return
        for _ in writer.earlier():
            pass  # for its digest
        with source.open(desc, offset=writer.offset, verify=False) as stream:
            for piece in pieces(stream):
                if stop():
                    raise InterruptedError("stopped while a blob was coming")
                writer.write(piece)
                on_progress(desc, "Downloading", writer.offset, desc.size)
        writer.commit()
