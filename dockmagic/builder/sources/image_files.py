"""The files of an image as a source, read out of its layers: each layer is inflated once, whatever is asked of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci import media
from dockmagic.oci.errors import InvalidLayer
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import FileTree

__all__ = ["ImageFiles", "TreeFiles", "read_file"]

_PIECE: Final = 1 << 20


class TreeFiles(ABC):
    """A `FileTree` asked as `Files`; who is derived from it says where the content is.

    Args:
        label: what it is, for messages.
    """

    owned = True

    def __init__(self, label: str) -> None:
        self.label = label

    @property
    @abstractmethod
    def tree(self) -> FileTree:
        """What there is."""

    def entry(self, name: bytes) -> Entry | None:
        """What is at `name`; None if nothing is."""
        node = self.tree.nodes.get(name)
        return node.entry if node is not None else None

    def names(self, directory: bytes) -> list[bytes]:
        """The last components of what is in a directory, sorted."""
        found = self.entry(directory)
        if found is None or not found.is_dir:
            return []
        return [node.entry.name.rpartition(b"/")[2] for node in self.tree.children(directory)]

    def walk(self, directory: bytes, prune: Callable[[bytes], bool] | None = None) -> Iterator[Entry]:
        """Everything below a directory, each directory before what is in it."""
        todo = [node.entry for node in reversed(self.tree.children(directory))]
        while todo:
            entry = todo.pop()
            yield entry
            if entry.is_dir and not (prune is not None and prune(entry.name)):
                todo += [node.entry for node in reversed(self.tree.children(entry.name))]

    def ignored_by(self, name: bytes) -> str:  # noqa: ARG002 - as `Files` has it
        """Nothing is ignored."""
        return ""

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same: a file table has all digests."""
        return list(entries)

    @abstractmethod
    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these files, in this order."""


class ImageFiles(TreeFiles):
    """The merged tree of an image.

    Args:
        image: in the store.
        label: such as ``stage build``.
        scratch: folder for what has to be put into another order.
    """

    def __init__(self, image: Image, label: str, scratch: Path) -> None:
        super().__init__(label)
        self._image = image
        self._scratch = scratch

    @property
    def tree(self) -> FileTree:
        """The merged view of the layers."""
        return self._image.files

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these files, in this order.

        Raises:
            InvalidLayer: a layer is broken.
        """
        wanted: defaultdict[int, list[Entry]] = defaultdict(list)
        sources = []
        for entry in entries:
            source = self.tree.nodes[entry.name].source
            sources.append(source)
            wanted[source].append(entry)
        streams = {source: self._stream(self._image.layers[source], found) for source, found in wanted.items()}
        try:
            for source in sources:
                yield next(streams[source])
        finally:
            for stream in streams.values():
                stream.close()

    def _stream(self, layer: Layer, entries: list[Entry]) -> Generator[Iterator[Buffer]]:
        """The contents of files of one layer, in the order of `entries`."""
        for entry in entries:
            if entry.offset < 0:
                raise InvalidLayer(f"{entry.path} is a hard link to {entry.target}, which no layer has")
        from dockmagic.layer.read import read_contents

        compression = media.compression_of(layer.descriptor.media_type)
        found = read_contents(lambda: self._image.source.open(layer.descriptor, verify=False), compression, entries)
        with closing(found):
            if all(one.offset < other.offset for one, other in pairwise(entries)):
                # As a layer of our own has them: no need to put them anywhere.
                for _, content in found:
                    yield content
                return
            import tempfile  # it brings every compressor of the standard library with it

            with tempfile.TemporaryFile(dir=self._scratch, prefix=".copy.") as spool:
                places: dict[bytes, int] = {}
                with disk_errors():
                    for entry, content in found:
                        places[entry.name] = spool.tell()
                        for piece in content:
                            spool.write(piece)
                for entry in entries:
                    yield _part(spool, places[entry.name], entry.size)


def _part(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    file.seek(start)
    while size and (piece := file.read(min(size, _PIECE))):
        size -= len(piece)
        yield piece


def read_file(image: Image, path: str, *, limit: int) -> bytes | None:
    """A small file of an image, links followed inside its root; None if it is not there or no file.

    Raises:
        InvalidLayer: it is larger than `limit` bytes.
    """
    if path not in image.files:
        return None
    node = image.files[path]
    if not node.entry.is_file:
        return None
    if node.entry.size > limit:
        raise InvalidLayer(f"{path} of the image is larger than {limit} bytes")
    return b"".join(image.layers[node.source].content(node.entry))
