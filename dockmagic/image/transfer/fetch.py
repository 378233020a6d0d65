"""Layers into the local store: each verified, with its file table, what is here not again."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dockmagic.image.tables import check_diff_id, keep_table, read_table
from dockmagic.image.workers import THREADS, side_by_side
from dockmagic.layer.ingest import LayerIngest
from dockmagic.oci import media
from dockmagic.oci.errors import DigestMismatch, InvalidLayer, LayerTooLarge, UnsafeEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from typing_extensions import Buffer

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore
    from dockmagic.store.partial import PartialWriter

__all__ = ["Ingest", "Intake", "fetch_layers", "pieces", "record"]

_PIECE = 1 << 18


class Ingest(Protocol):
    """Takes one layer as it arrives: `LayerIngest`, or who does more with it."""

    def feed(self, chunk: Buffer) -> None:
        """Take the next compressed bytes.

        Raises:
            InvalidLayer: not a layer, or a broken one.
        """
        ...

    def finish(self) -> tuple[Digest, LayerTOC]:
        """The DiffID and the file table, after the last chunk.

        Raises:
            InvalidLayer: truncated.
        """
        ...


class Intake(Protocol):
    """Gives what takes in a layer, given its descriptor and the DiffID that it ought to have."""

    def __call__(self, desc: Descriptor, diff_id: Digest, /) -> AbstractContextManager[Ingest]:
        """Called by several threads at once; the block may be left before `Ingest.finish`."""
        ...


def record(desc: Descriptor, _diff_id: Digest, /) -> AbstractContextManager[Ingest]:
    """The `Intake` that only reads a layer, for its DiffID and its file table."""
    return nullcontext(LayerIngest(media.compression_of(desc.media_type)))


def fetch_layers(
    source: ImageSource, store: ContentStore, images: Iterable[Image], on_progress: Progress, intake: Intake = record
) -> dict[Digest, int]:
    """Bring every layer of `images` into `store`, each once, side by side, the largest first.

    Returns:
        The size of the files in bytes, by DiffID, of the layers that came.

    Raises:
        InvalidContent: a layer is not what it should be; nothing of it is kept.
        OutOfSpace: the disk is full; what has arrived is kept.
    """
    layers: dict[Digest, tuple[Descriptor, Digest]] = {}
    for image in images:
        for desc, diff_id in zip(image.manifest.layers, image.config_file.rootfs.diff_ids, strict=True):
            media.compression_of(desc.media_type)  # refuses what is no layer before anything is fetched
            if layers.setdefault(desc.digest, (desc, diff_id))[1] != diff_id:
                raise DigestMismatch(f"layer {desc.digest.short} is listed under two DiffIDs")
    for desc, _ in layers.values():
        on_progress(desc, "Pulling fs layer", 0, desc.size)

    fetcher = _Fetcher(source, store, on_progress, intake)
    largest_first = sorted(layers.values(), key=lambda layer: -layer[0].size)
    for desc, _ in largest_first[THREADS:]:
        on_progress(desc, "Waiting", 0, desc.size)
    tables = side_by_side(largest_first, fetcher.bring)
    return {diff_id: size for (_, diff_id), size in zip(largest_first, tables, strict=True) if size is not None}


class _Fetcher:
    """Brings one layer after the other, in several threads at once."""

    def __init__(self, source: ImageSource, store: ContentStore, on_progress: Progress, intake: Intake) -> None:
        self._source = source
        self._store = store
        self._tell = on_progress
        self._intake = intake

    def bring(self, layer: tuple[Descriptor, Digest], stop: Callable[[], bool]) -> int | None:
        """Bring one layer; the size of its files if it had to be read for that."""
        desc, diff_id = layer
        if not self._store.has(desc):
            return self._fetch(desc, diff_id, stop)
        return self._exists(desc, diff_id, stop)

    def _exists(self, desc: Descriptor, diff_id: Digest, stop: Callable[[], bool]) -> int | None:
        """A layer that is in the store; its table is made if it is missing."""
        size = None
        if not self._store.home.table(diff_id).exists():
            table = read_table(self._store, desc, diff_id, stop=stop)
            keep_table(self._store.home, diff_id, table)
            size = table.content_size
        self._tell(desc, "Already exists", desc.size, desc.size)
        return size

    def _fetch(self, desc: Descriptor, diff_id: Digest, stop: Callable[[], bool]) -> int | None:
        with self._store.writer(desc, stop=stop) as writer:
            if writer.present:  # another process was quicker, while this one waited for its turn
                return self._exists(desc, diff_id, stop)
            resumed = writer.offset > 0
            try:
                table = self._receive(writer, desc, diff_id, stop)
            except (InvalidLayer, DigestMismatch):
                writer.restart()
                if not resumed:
                    raise
                # What an earlier attempt left may be to blame, after a power failure for one.
                table = self._receive(writer, desc, diff_id, stop)
            keep_table(self._store.home, diff_id, table)
            writer.commit()
        self._tell(desc, "Pull complete", desc.size, desc.size)
        return table.content_size

    def _receive(self, writer: PartialWriter, desc: Descriptor, diff_id: Digest, stop: Callable[[], bool]) -> LayerTOC:
        """Take the layer in, earlier pieces first, and make sure that it is the right one."""
        with self._intake(desc, diff_id) as ingest:
            return self._feed(ingest, writer, desc, diff_id, stop)

    def _feed(
        self, ingest: Ingest, writer: PartialWriter, desc: Descriptor, diff_id: Digest, stop: Callable[[], bool]
    ) -> LayerTOC:
        broken: InvalidLayer | None = None
        for piece in self._arriving(writer, desc, stop):
            if broken is None:
                try:
                    ingest.feed(piece)
                except (UnsafeEntry, LayerTooLarge):
                    writer.restart()
                    raise
                except InvalidLayer as error:
                    # Go on to the end, for the digest will tell whether the layer is at fault or the way here.
                    broken = error
            self._tell(desc, "Downloading", writer.offset, desc.size)
        self._tell(desc, "Verifying Checksum", desc.size, desc.size)
        writer.verify()
        if broken is not None:
            raise broken
        self._tell(desc, "Download complete", desc.size, desc.size)
        actual, table = ingest.finish()
        check_diff_id(desc, diff_id, actual)
        return table

    def _arriving(self, writer: PartialWriter, desc: Descriptor, stop: Callable[[], bool]) -> Iterator[bytes]:
        yield from writer.earlier()
        if writer.offset == desc.size:
            return
        with self._source.open(desc, offset=writer.offset, verify=False) as stream:
            for piece in pieces(stream):
                if stop():
                    raise InterruptedError("stopped while a layer was coming")
                writer.write(piece)
                yield piece


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """`stream` to its end."""
    while piece := stream.read(_PIECE):
        yield piece
