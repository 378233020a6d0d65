"""New layers: written as a tar straight into the store, digested, listed and compressed on the way."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final, Self

import msgspec

from dockmagic.layer.entry import EntryType
from dockmagic.layer.write import END, header, padding
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import Conflict
from dockmagic.oci.media import Compression
from dockmagic.oci.spec import Descriptor
from dockmagic.store.home import disk_errors

from .tables import find_content_size, keep_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Buffer

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.store.content import ContentStore

    from .layer import Layer

    #: What `ContentStore.lease` gives: takes digests that the collector is to leave alone.
    Keep = Callable[[Iterable[Digest]], None]

__all__ = ["LayerWriter", "NewLayer", "recompress", "store_archive", "store_tar"]

_PIECE: Final = 1 << 20
#: From how many bytes of tar on a second thread pays.
_MANY: Final = 4 << 20
_NO_LIMIT: Final = sys.maxsize  # what is read here fits on a disk


class NewLayer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer that is in the store, with its file table.

    Attributes:
        descriptor: of the blob.
        diff_id: of its tar.
        size: bytes of its files.
    """

    descriptor: Descriptor
    diff_id: Digest
    size: int


class LayerWriter:
    """Takes the tar of one layer and puts its blob and its file table into a store; a context manager.

    Leaving it without `finish` leaves nothing behind.

    Args:
        store: where to.
        keep: of the lease that this happens in (`ContentStore.lease`): it hears of the blob before it is there.
        size: of the tar in bytes, about; decides how many threads compress.
        reproducible: the same bytes on every machine (zlib), instead of fast ones.
        compression: of the blob.
        level: of it; None for the usual one.
        packed: whether what is written is compressed so already.
        limit: bytes of tar beyond which it is refused.
    """

    def __init__(
        self,
        store: ContentStore,
        keep: Keep,
        *,
        size: int = 0,
        reproducible: bool = False,
        compression: Compression = Compression.GZIP,
        level: int | None = None,
        packed: bool = False,
        limit: int = _NO_LIMIT,
    ) -> None:
        # What writes a layer is imported with the first one: a build whose steps are all known writes none.
        from dockmagic.layer.compression.compress import Compressor
        from dockmagic.layer.ingest import LayerIngest

        store.home.prepare()
        self._media_type = media.layer_type(compression)
        self._store = store
        self._keep = keep
        self._ingest = LayerIngest(compression if packed else Compression.NONE, limit=limit, sniff=packed)
        self._path = store.home.root / "partial" / f"layer.{os.getpid()}.{os.urandom(8).hex()}"
        with disk_errors():
            self._blob = _Counted(self._path.open("xb", buffering=0))
        self._packed = Compressor(
            self._blob,  # type: ignore[arg-type]  # it writes, and nothing more is asked of it
            Compression.NONE if packed else compression,
            reproducible=reproducible,
            threads=2 if size >= _MANY else 1,
            level=level,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # of a full disk the error is on its way already
            self._packed.close()
        self._blob.close()
        self._path.unlink(missing_ok=True)

    def write(self, data: Buffer) -> int:
        """The next bytes of the tar; returns how many they are.

        Raises:
            InvalidLayer: they are no layer's.
            OutOfSpace: the disk is full.
        """
        self._ingest.feed(data)
        with disk_errors():
            return self._packed.write(data)

    def add(self, entry: Entry, content: Iterable[Buffer] = ()) -> None:
        """A member in the canonical form, with what a regular file contains.

        Raises:
            Conflict: the content has another length than `entry` says.
            OutOfSpace: the disk is full.
        """
        self.write(header(entry))
        if entry.type is not EntryType.REGULAR:
            return
        todo = entry.size
        for piece in content:
            todo -= memoryview(piece).nbytes
            if todo < 0:
                break
            self.write(piece)
        if todo:
            raise Conflict(f"{entry.path} changes while it is read", hint="Stop what writes to it, then repeat")
        if entry.size:
            self.write(padding(entry.size))

    def end(self) -> None:
        """What ends a tar that was made by `add`."""
        self.write(END)

    def finish(self, *, expect: Iterable[Entry] = ()) -> NewLayer:
        """Make blob and table visible.

        Args:
            expect: entries whose content must have the digest that they say.

        Raises:
            Conflict: a content is not what was expected; nothing is kept.
            InvalidLayer: the tar is truncated.
            OutOfSpace: the disk is full; nothing is kept.
        """
        diff_id, table = self._ingest.finish()
        _verify(table, expect)
        with disk_errors():
            self._packed.close()
        descriptor = Descriptor(
            media_type=self._media_type, digest=Digest.from_hex(self._blob.hash.hexdigest()), size=self._blob.size
        )
        home = self._store.home
        self._keep([descriptor.digest])
        self._store.adopt(descriptor, self._path)
        if find_content_size(home, diff_id) is None:
            keep_table(home, diff_id, table)
        return NewLayer(descriptor=descriptor, diff_id=diff_id, size=table.content_size)


def store_tar(store: ContentStore, tar: BinaryIO, keep: Keep, *, reproducible: bool = False) -> NewLayer:
    """Take an uncompressed layer into the store, compressed once with gzip.

    Args:
        store: where to.
        tar: from its present position to its end.
        keep: of the lease that this happens in.
        reproducible: the same bytes on every machine (zlib), instead of fast (isal in two threads).

    Raises:
        InvalidLayer: it is no layer.
        OutOfSpace: the disk is full; nothing is kept.
    """
    with LayerWriter(store, keep, size=os.fstat(tar.fileno()).st_size, reproducible=reproducible) as writer:
        while piece := tar.read(_PIECE):
            writer.write(piece)
        return writer.finish()


def store_archive(store: ContentStore, source: BinaryIO, keep: Keep, *, reproducible: bool = False) -> NewLayer:
    """Take a tar into the store as a layer: compressed by gzip or zstd it is kept as it is, else compressed by gzip.

    Args:
        store: where to.
        source: the tar, plain or compressed.
        keep: of the lease that this happens in.
        reproducible: as for `LayerWriter`.

    Raises:
        InvalidLayer: not a readable tar, or one that leads out.
        LayerTooLarge: it expands to more than `layer_limit`.
        OutOfSpace: the disk is full; nothing is kept.
    """
    from dockmagic.layer.compression.decompress import inflated
    from dockmagic.layer.compression.table import LONGEST_MAGIC, detect
    from dockmagic.layer.ingest import layer_limit

    pieces: Iterator[Buffer] = iter(partial(source.read, _PIECE), b"")
    head = bytes(next(pieces, b""))
    found = detect(head[:LONGEST_MAGIC])
    pieces = chain([head], pieces)
    packed = found.is_standard and found is not Compression.NONE
    if not packed:
        pieces, found = inflated(pieces), Compression.GZIP
    with LayerWriter(
        store, keep, reproducible=reproducible, compression=found, packed=packed, limit=layer_limit()
    ) as writer:
        for piece in pieces:
            writer.write(piece)
        return writer.finish()


def recompress(
    store: ContentStore,
    layer: Layer,
    keep: Keep,
    *,
    compression: Compression,
    level: int | None = None,
    reproducible: bool = False,
) -> Descriptor:
    """The blob of a layer, compressed anew; its DiffID stays, and what annotations said of the old blob is left out.

    Args:
        store: has the blob, and gets the new one.
        layer: to compress.
        keep: of the lease that this happens in.
        compression: of the new blob.
        level: of it; None for the usual one.
        reproducible: the same bytes on every machine.

    Raises:
        InvalidContent: the layer is not what it should be.
        OutOfSpace: the disk is full.
    """
    from dockmagic.layer.compression.plain import PlainLayer

    writer = LayerWriter(
        store, keep, size=layer.table.size, reproducible=reproducible, compression=compression, level=level
    )
    with writer, store.open(layer.descriptor) as blob:
        plain = PlainLayer(blob, media.compression_of(layer.descriptor.media_type))
        while piece := plain.read(_PIECE):
            writer.write(piece)
        return writer.finish().descriptor


def _verify(table: LayerTOC, expect: Iterable[Entry]) -> None:
    wanted = {entry.name: entry for entry in expect if entry.type is EntryType.REGULAR}
    for entry in table.entries:
        other = wanted.get(entry.name)
        if other is not None and entry.digest != other.digest:
            raise Conflict(f"{entry.path} changes while it is read", hint="Stop what writes to it, then repeat")


class _Counted:
    """A file that knows the digest and length of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0
        self.flush = file.flush
        self.close = file.close

    def write(self, data: Buffer) -> int:
        view = memoryview(data).cast("B")
        self.hash.update(view)
        self.size += len(view)
        while view:
            view = view[self._file.write(view) :]
        return memoryview(data).nbytes
