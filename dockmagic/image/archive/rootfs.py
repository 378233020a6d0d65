"""Import and export: a root file system as one tar, without history."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Final

from msgspec.structs import replace

from dockmagic.image import local
from dockmagic.image.layer_writer import store_archive
from dockmagic.image.mutate import append_layer, empty_image, with_config
from dockmagic.layer.entry import EntryType
from dockmagic.layer.write import END, header, padding
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import History

from .sink import Sink

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.layer.entry import Entry
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Config
    from dockmagic.store.content import ContentStore

__all__ = ["export_rootfs", "import_rootfs"]

_PIECE: Final = 1 << 20


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
    """Make an image of one layer from a tar, plain or compressed (``docker import``).

    A tar compressed by gzip or zstd is kept as it is; another one is compressed by gzip. With ``SOURCE_DATE_EPOCH``
    that is the image's time, and the compression is zlib's, which does not depend on the processor.

    Args:
        source: the tar.
        store: where the image goes.
        ref: its name; None for none.
        config: how to run it.
        message: the comment of its only step.
        platform: what it runs on; None for this machine's.
        on_progress: gets the progress of the layer.

    Raises:
        InvalidLayer: not a readable tar, or one that leads out.
        OutOfSpace: the disk is full; nothing is named.
    """
    with store.lease() as keep:
        made = store_archive(store, source, keep, reproducible="SOURCE_DATE_EPOCH" in os.environ)
        layer = made.descriptor
        on_progress(layer, "Extracting", layer.size, layer.size)
        step = History(created=_now(), comment=message or "Imported from -")
        image = append_layer(store, empty_image(store, platform or Platform.default()), layer, made.diff_id, step)
        if config is not None:
            image = with_config(store, image, config)
        keep([image.digest, image.id])
        with store.edit() as names:
            if ref is None:
                names.add(image.descriptor, size=made.size)
            else:
                names.set(ref, image.descriptor, size=made.size)
        on_progress(layer, "Pull complete", layer.size, layer.size)
        return local.by_digest(store, image.digest)


def _now() -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)
    return now.isoformat().replace("+00:00", "Z")


def export_rootfs(image: Image, out: BinaryIO) -> None:
    """Write the merged view of `image` as one uncompressed tar (``docker export``).

    Directories and symbolic links come first, then files, so that each layer is read only once, then hard links.

    Raises:
        InvalidContent: a layer is not what it should be.
    """
    contents: defaultdict[int, list[Entry]] = defaultdict(list)
    links: list[Entry] = []
    first: dict[tuple[int, int | bytes], Entry] = {}
    # Headers are small and many: what takes them gets them in large pieces.
    tar = io.BufferedWriter(Sink(out), _PIECE)
    for node in image.files:
        entry = node.entry
        if not entry.is_file:
            tar.write(header(entry))
            continue
        # Names of one file: the first has the content. A link whose target was replaced from above has it too.
        key = (node.source, entry.offset if entry.size else entry.link or entry.name)
        one = first.setdefault(key, replace(entry, type=EntryType.REGULAR, link=b""))
        if one.name == entry.name:
            contents[node.source].append(one)
        else:
            links.append(one.linked(entry.name))
    for index, entries in sorted(contents.items()):
        for entry, content in image.layers[index].contents(entries):
            tar.write(header(entry))
            for piece in content:
                tar.write(piece)
            tar.write(padding(entry.size))
    for entry in links:
        tar.write(header(entry))
    tar.write(END)
    tar.flush()
