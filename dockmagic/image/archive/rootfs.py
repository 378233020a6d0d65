"""Import and export: a root file system as one tar, without history."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final

from msgspec.structs import replace

from dockmagic.image import local
from dockmagic.image.mutate import append_layer, empty_image, with_config
from dockmagic.layer.compression.compress import Compressor
from dockmagic.layer.compression.decompress import inflated
from dockmagic.layer.compression.table import LONGEST_MAGIC, detect
from dockmagic.layer.entry import EntryType
from dockmagic.layer.ingest import LayerIngest
from dockmagic.layer.write import END, header, padding
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.media import Compression
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import Descriptor, History
from dockmagic.store.home import disk_errors

from .sink import Sink

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.table import LayerTable
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
        on_progress: hears of the layer.

    Raises:
        InvalidLayer: not a readable tar, or one that leads out.
        OutOfSpace: the disk is full; nothing is named.
    """
    store.home.prepare()
    with tempfile.TemporaryFile(dir=store.home.root, prefix=".import.") as file:
        layer, diff_id, table = _receive(source, file)
        file.seek(0)
        with store.lease([layer.digest]) as keep:
            on_progress(layer, "Extracting", layer.size, layer.size)
            store.put(layer, file)
            store.home.write(store.home.table(diff_id), table.dumps(), durable=False)
            step = History(created=_now(), comment=message or "Imported from -")
            image = append_layer(store, empty_image(store, platform or Platform.default()), layer, diff_id, step)
            if config is not None:
                image = with_config(store, image, config)
            keep([image.digest, image.id])
            with store.edit() as names:
                if ref is None:
                    names.add(image.descriptor, size=table.content_size)
                else:
                    names.set(ref, image.descriptor, size=table.content_size)
            on_progress(layer, "Pull complete", layer.size, layer.size)
            return local.by_digest(store, image.digest)


def _receive(source: BinaryIO, file: io.BufferedRandom) -> tuple[Descriptor, Digest, LayerTable]:
    """Write the layer's blob to `file`, and look into it on the way."""
    pieces = iter(partial(source.read, _PIECE), b"")
    head = next(pieces, b"")
    compression = detect(head[:LONGEST_MAGIC])
    pieces = chain([head], pieces)
    kept = compression.is_standard and compression is not Compression.NONE
    ingest = LayerIngest(compression, sniff=kept)
    stored = compression if kept else Compression.GZIP
    packed = Compressor(
        file, Compression.NONE if kept else Compression.GZIP, reproducible="SOURCE_DATE_EPOCH" in os.environ
    )
    with disk_errors(), packed:
        for piece in pieces if kept else inflated(pieces):
            ingest.feed(piece)
            packed.write(piece)
    diff_id, table = ingest.finish()
    size = file.tell()
    file.seek(0)
    digest = Digest.from_hex(hashlib.file_digest(file, "sha256").hexdigest())
    return Descriptor(media_type=media.layer_type(stored), digest=digest, size=size), diff_id, table


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
