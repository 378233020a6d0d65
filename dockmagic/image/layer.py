"""Layers of an image: one, and a range of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from dockmagic.layer.compare import compare, layer_changes
from dockmagic.layer.tree import FileTree
from dockmagic.oci import media
from dockmagic.oci.spec import History, chain_ids
from dockmagic.oci.times import parse_time

from .tables import find_content_size, find_table, keep_table, read_table
from .workers import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    import pandas as pd
    from typing_extensions import Buffer

    from dockmagic.layer.compare import Change
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import ConfigFile, Descriptor, Manifest
    from dockmagic.rows import FileRow, LayerRow, Rows
    from dockmagic.store.home import Home

    from .source import ImageSource

__all__ = ["Layer", "Layers", "Stack"]


class Stack:
    """All layers of one image, and their merged views, which are kept for the next question.

    Args:
        source: where the blobs are.
        home: where file tables may be found; None for nowhere.
        keep: whether file tables that have to be made are kept there.
        manifest: of the image.
        config: of the image; it has as many DiffIDs as the manifest has layers.
    """

    def __init__(
        self, source: ImageSource, home: Home | None, manifest: Manifest, config: ConfigFile, *, keep: bool
    ) -> None:
        self.source = source
        self.home = home
        self.keep = keep
        diff_ids = config.rootfs.diff_ids
        steps = [step for step in config.history or () if not step.empty_layer]
        if len(steps) != len(diff_ids):
            # A history that does not fit says nothing of the layers.
            steps = [History()] * len(diff_ids)
        self.layers = tuple(
            Layer(self, index, descriptor, diff_id=diff_id, chain_id=chain_id, step=step)
            for index, (descriptor, diff_id, chain_id, step) in enumerate(
                zip(manifest.layers, diff_ids, chain_ids(diff_ids), steps, strict=True)
            )
        )
        self._tables: dict[Digest, LayerTOC] = {}
        # The view that was built last, which the next one up is built upon, and that of all layers.
        self._latest = (0, FileTree.of(()))
        self._whole: FileTree | None = None

    def grow_from(self, lower: Stack) -> None:
        """Take over what is known of a stack that this one begins with: an image that was made of another one."""
        self._tables = dict(lower._tables)
        self._latest = (len(lower.layers), lower._whole) if lower._whole is not None else lower._latest

    def table(self, layer: Layer) -> LayerTOC:
        """The file table of one layer."""
        self._load([layer])
        return self._tables[layer.diff_id]

    def content_size(self, layer: Layer) -> int:
        """Bytes of one layer's files; a table that is not needed otherwise stays on the disk."""
        if layer.diff_id not in self._tables and self.home is not None:
            size = find_content_size(self.home, layer.diff_id)
            if size is not None:
                return size
        return self.table(layer).content_size

    def _load(self, layers: Sequence[Layer]) -> None:
        missing = {layer.diff_id: layer for layer in layers if layer.diff_id not in self._tables}
        if self.home is not None:
            for diff_id in list(missing):
                if (table := find_table(self.home, diff_id)) is not None:
                    self._tables[diff_id] = table
                    del missing[diff_id]

        def make(layer: Layer, stop: Callable[[], bool]) -> None:
            table = read_table(self.source, layer.descriptor, layer.diff_id, stop=stop)
            if self.keep and self.home is not None:
                keep_table(self.home, layer.diff_id, table)
            self._tables[layer.diff_id] = table

        side_by_side(sorted(missing.values(), key=lambda layer: -layer.descriptor.size), make)

    def view(self, start: int, stop: int) -> FileTree:
        """The merged view of the layers `start` to ``stop - 1`` alone; nodes tell places in the whole image."""
        whole = (start, stop) == (0, len(self.layers))
        if whole and self._whole is not None:
            return self._whole
        self._load(self.layers[start:stop])
        at, tree = self._latest if start == 0 and self._latest[0] <= stop else (start, FileTree.of(()))
        if start == at == 0:
            tree = FileTree.of(self.table(layer) for layer in self.layers[:stop])
        else:
            for layer in self.layers[at:stop]:
                tree = tree.stack(self.table(layer), layer.index)  # noqa: PD013  (a tree, no DataFrame)
        if start == 0:
            self._latest = (stop, tree)
        if whole:
            self._whole = tree
        return tree


class Layer:
    """One layer of an image. Get it as ``image.layers[2]``.

    Attributes:
        index: its place, 0 is the base.
        descriptor: of its blob.
        diff_id: digest of the uncompressed tar.
        chain_id: names the stack up to and with this layer.
        created_by: the instruction that made it, as the history says; empty if the history does not tell.
        created: when, as the history says; None where it does not.
        comment: as the history says; may be empty.
    """

    def __init__(
        self, stack: Stack, index: int, descriptor: Descriptor, *, diff_id: Digest, chain_id: Digest, step: History
    ) -> None:
        self._stack = stack
        self.index = index
        self.descriptor = descriptor
        self.diff_id = diff_id
        self.chain_id = chain_id
        self.created_by = step.created_by or ""
        self.created = parse_time(step.created)
        self.comment = step.comment or ""

    def __repr__(self) -> str:
        return f"<Layer {self.index} {self.diff_id.short}>"

    @property
    def table(self) -> LayerTOC:
        """Its entries, as they stand in the tar.

        If they are not known here, the layer is read (from a registry if the image is there).

        Raises:
            BlobNotFound: the layer is not there.
            InvalidContent: the layer is not what it should be.
        """
        return self._stack.table(self)

    @property
    def size(self) -> int:
        """Bytes of its files, as docker counts."""
        return self._stack.content_size(self)

    @property
    def compressed_size(self) -> int:
        """Bytes of its blob."""
        return self.descriptor.size

    @property
    def below(self) -> Layers:
        """The layers beneath it."""
        return Layers(self._stack, 0, self.index)

    @property
    def alone(self) -> Layers:
        """This layer as a range of one."""
        return Layers(self._stack, self.index, self.index + 1)

    @property
    def files(self) -> FileTree:
        """Its own files alone."""
        return self._stack.view(self.index, self.index + 1)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it adds, changes and deletes in the view of the layers below, by name."""
        return tuple(layer_changes(self.below.files, self.table))

    def row(self, shared_with: tuple[str, ...] = ()) -> LayerRow:
        """What ``layers`` shows of it; `shared_with` are names of other images that have it."""
        from dockmagic.rows import LayerRow

        letters = [change.letter for change in self.changes]
        return LayerRow(
            layer=self.index,
            created_by=self.created_by,
            created_at=self.created,
            size=self.size,
            compressed_size=self.compressed_size,
            added=letters.count("A"),
            changed=letters.count("C"),
            deleted=letters.count("D"),
            diff_id=self.diff_id,
            chain_id=self.chain_id,
            digest=self.descriptor.digest,
            shared_with=shared_with,
        )

    def whiteout_rows(self) -> Rows[FileRow]:
        """What it takes away: a row of kind ``whiteout`` for each path, ``opaque`` for each emptied directory."""
        from dockmagic.rows import FileRow, Rows

        return Rows(
            FileRow,
            (
                FileRow(
                    mode=0, uid=0, gid=0, size=0, modified_at=None, path="/" + name.decode("utf-8", "surrogateescape"),
                    kind=kind, link="", layer=self.index, created_by=self.created_by,
                )
                for names, kind in ((self.table.whiteouts, "whiteout"), (self.table.opaque, "opaque"))
                for name in names
            ),
        )  # fmt: skip

    def content(self, entry: Entry) -> Iterator[bytes]:
        """The content of one of its own regular files or hard links, piece by piece.

        Raises:
            InvalidLayer: the layer is broken.
            NotSupported: the entry has no content.
        """
        from dockmagic.layer.read import read_content

        with self._stack.source.open(self.descriptor) as stream:
            yield from read_content(stream, media.compression_of(self.descriptor.media_type), entry)

    def contents(self, entries: Iterable[Entry]) -> Generator[tuple[Entry, Iterator[Buffer]]]:
        """The contents of several of its own files; it is inflated once, and again for further names of one file.

        Args:
            entries: regular files or hard links of it, in any order.

        Yields:
            Each entry, in the order of the layer, with its content: chunks of bytes to be used before the next ones are
            asked for. What is not read of a content is skipped.

        Raises:
            InvalidLayer: the layer is broken.
        """
        from dockmagic.layer.read import read_contents

        source = self._stack.source
        # Each content is held against its digest, which the layer's table of contents has of a verified layer.
        return read_contents(
            lambda: source.open(self.descriptor, verify=False),
            media.compression_of(self.descriptor.media_type),
            entries,
        )


class Layers(Sequence[Layer]):
    """Layers `start` to ``stop - 1`` of an image, base first; a slice of them is `Layers` too.

    Attributes:
        start: place of the first.
        stop: place after the last.
    """

    def __init__(self, stack: Stack, start: int, stop: int) -> None:
        self._stack = stack
        self.start = start
        self.stop = stop

    @property
    def stack(self) -> Stack:
        """All layers of the image that these are of."""
        return self._stack

    @overload
    def __getitem__(self, item: int) -> Layer: ...
    @overload
    def __getitem__(self, item: slice) -> Layers: ...
    def __getitem__(self, item: int | slice) -> Layer | Layers:
        if isinstance(item, int):
            return self._stack.layers[self.start : self.stop][item]
        start, stop, step = item.indices(len(self))
        if step != 1:
            raise ValueError("a range of layers has no gaps and no other order")
        return Layers(self._stack, self.start + start, self.start + max(start, stop))

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._stack.layers[self.start : self.stop])

    def __repr__(self) -> str:
        return f"<Layers {self.start}:{self.stop}>"

    def rows(self) -> Rows[LayerRow]:
        """One row per layer, base first, as ``layers`` shows them; which other images share them is not looked up."""
        from dockmagic.rows import LayerRow, Rows

        return Rows(LayerRow, (layer.row() for layer in self))

    def to_frame(self) -> pd.DataFrame:
        """The `rows` as a DataFrame."""
        return self.rows().to_frame()

    @property
    def all(self) -> Layers:
        """All layers of the image."""
        return Layers(self._stack, 0, len(self._stack.layers))

    @property
    def below(self) -> Layers:
        """The layers beneath the first."""
        return Layers(self._stack, 0, self.start)

    @property
    def files(self) -> FileTree:
        """The merged view of these layers alone."""
        return self._stack.view(self.start, self.stop)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What they add, change and delete together in the view of the layers below, by name."""
        if len(self) == 1:
            return self[0].changes
        return tuple(compare(self.below.files, self._stack.view(0, self.stop)))
