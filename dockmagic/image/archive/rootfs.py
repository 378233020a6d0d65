"""Import and export: a root file system as one tar, without history."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

from dockmagic.image import local
from dockmagic.image.mutate import append_layer, empty_image, with_config
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidLayer
from dockmagic.oci.media import Compression
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import Descriptor, History
from dockmagic.store.home import disk_errors
from dockmagic.store.layer.compress import Compressor, detect
from dockmagic.store.layer.entry import EntryType
from dockmagic.store.layer.ingest import LayerIngest

from .plain import PlainLayer

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Config
    from dockmagic.store.content import ContentStore
    from dockmagic.store.layer.table import LayerTable
    from dockmagic.store.layer.tree import Node

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
    """Make an image of one layer from a tar, plain or compressed by gzip or zstd (``docker import``).

    A compressed tar is kept as it is; a plain one is compressed. With ``SOURCE_DATE_EPOCH`` that is the image's time,
    and the compression is zlib's, which does not depend on the processor.

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
    head = source.read(_PIECE)
    compression = detect(head[:6])
    ingest = LayerIngest(compression)
    stored = Compression.GZIP if compression is Compression.NONE else compression
    packed = Compressor(
        file,
        Compression.GZIP if compression is Compression.NONE else Compression.NONE,
        reproducible="SOURCE_DATE_EPOCH" in os.environ,
    )
    with disk_errors(), packed:
        while head:
            ingest.feed(head)
            packed.write(head)
            head = source.read(_PIECE)
    diff_id, table = ingest.finish()
    size = file.tell()
    file.seek(0)
    digest = Digest.from_hex(hashlib.file_digest(file, "sha256").hexdigest())
    return Descriptor(media_type=f"{media.OCI_LAYER}+{stored.value}", digest=digest, size=size), diff_id, table


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
    contents: defaultdict[int, list[Node]] = defaultdict(list)
    links: list[tuple[Node, Node]] = []
    first: dict[tuple[int, int | bytes], Node] = {}
    with tarfile.open(fileobj=out, mode="w|", bufsize=_PIECE, format=tarfile.PAX_FORMAT) as tar:
        for node in image.files:
            entry = node.entry
            if not entry.is_file:
                tar.addfile(_member(node))
                continue
            # Names of one file: the first has the content. A link whose target was replaced from above has it too.
            one = first.setdefault((node.source, entry.offset if entry.size else entry.link or entry.name), node)
            if one is node:
                contents[node.source].append(node)
            else:
                links.append((node, one))
        for index, nodes in sorted(contents.items()):
            _add_files(tar, image, index, sorted(nodes, key=lambda node: node.entry.offset))
        for node, target in links:
            member = _member(node)
            member.type, member.size, member.linkname = tarfile.LNKTYPE, 0, _text(target.entry.name)
            tar.addfile(member)


def _add_files(tar: tarfile.TarFile, image: Image, index: int, nodes: list[Node]) -> None:
    layer = image.layers[index]
    compression = media.compression_of(layer.descriptor.media_type)
    with image.source.open(layer.descriptor) as blob:
        plain = io.BufferedReader(PlainLayer(blob, compression), _PIECE)
        place = 0
        for node in nodes:
            if node.entry.size:
                while place < node.entry.offset:
                    place += len(plain.read(min(_PIECE, node.entry.offset - place))) or _cut_short(node)
                place += node.entry.size
            tar.addfile(_member(node), plain)


def _cut_short(node: Node) -> NoReturn:
    raise InvalidLayer(f"the layer ends before {node.entry.path} does")


_TYPES: Final = {
    EntryType.SYMLINK: tarfile.SYMTYPE,
    EntryType.CHARACTER: tarfile.CHRTYPE,
    EntryType.BLOCK: tarfile.BLKTYPE,
    EntryType.DIRECTORY: tarfile.DIRTYPE,
    EntryType.FIFO: tarfile.FIFOTYPE,
}


def _member(node: Node) -> tarfile.TarInfo:
    entry = node.entry
    member = tarfile.TarInfo(_text(entry.name))
    member.type = _TYPES.get(entry.type, tarfile.REGTYPE)
    member.mode, member.uid, member.gid, member.mtime = entry.mode, entry.uid, entry.gid, entry.mtime
    member.devmajor, member.devminor = entry.major, entry.minor
    if entry.is_file:
        member.size = entry.size
    elif entry.is_symlink:
        member.linkname = _text(entry.link)
    member.pax_headers = {f"SCHILY.xattr.{key}": _text(value) for key, value in (entry.xattrs or {}).items()}
    return member


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
