"""The content of files out of a compressed layer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from blake3 import blake3

from dockmagic.oci.errors import InvalidLayer, NotSupported

from .compression.decompress import inflated
from .sparse import SparseExpansion

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from contextlib import AbstractContextManager

    from typing_extensions import Buffer

    from dockmagic.oci.media import Compression

    from .entry import Entry

__all__ = ["read_content", "read_contents"]

_CHUNK: Final = 1 << 18


def read_content(layer: BinaryIO, compression: Compression, entry: Entry) -> Iterator[bytes]:
    """The content of a file, chunk by chunk.

    Args:
        layer: the compressed layer, from its beginning: that of `Node.source`.
        compression: what its media type claims.
        entry: a regular file or hard link of that layer.

    Raises:
        InvalidLayer: the layer is broken, or its content at this place is not what the entry's digest says.
        NotSupported: the entry has no content, such as a directory.
    """
    if not entry.is_file:
        raise NotSupported(f"{entry.path} has no content", hint="Only files can be read")
    if entry.offset < 0:
        raise InvalidLayer(f"{entry.path} is a hard link to {entry.target}, which no layer has")
    return map(bytes, _content(_Plain(inflated(_chunks(layer), compression)), entry))


def read_contents(
    open_layer: Callable[[], AbstractContextManager[BinaryIO]], compression: Compression, entries: Iterable[Entry]
) -> Generator[tuple[Entry, Iterator[Buffer]]]:
    """The contents of several files, for which the layer is inflated once, and again for further names of one file.

    Args:
        open_layer: gives the compressed layer, from its beginning.
        compression: what its media type claims.
        entries: regular files or hard links of that layer, in any order.

    Yields:
        Each entry, in the order of the layer, with its content: chunks of bytes that are to be used before the next
        ones are asked for. What is not read of a content is skipped.

    Raises:
        InvalidLayer: as `read_content`.
    """
    again: list[Entry] = []
    with open_layer() as layer:
        plain = _Plain(inflated(_chunks(layer), compression))
        for entry in sorted(entries, key=lambda entry: entry.offset):
            if entry.size and entry.offset < plain.position:
                again.append(entry)  # another name of a file that has gone by
                continue
            yield entry, _content(plain, entry)
    if again:
        yield from read_contents(open_layer, compression, again)


def _content(plain: _Plain, entry: Entry) -> Iterator[Buffer]:
    if not entry.size:
        return
    digest = blake3()
    for piece in _pieces(plain, entry):
        digest.update(piece)
        yield piece
    if entry.digest and digest.digest() != entry.digest:
        raise InvalidLayer(f"{entry.path} is not what the layer's file table says")


def _pieces(plain: _Plain, entry: Entry) -> Iterator[memoryview]:
    plain.skip_to(entry.offset, entry)
    if entry.sparse is None:
        yield from plain.take(entry.size, entry)
        return
    stored = sum(length for _, length in entry.sparse)
    expansion = SparseExpansion(entry.sparse, entry.size, stored)
    for piece in plain.take(stored, entry):
        yield from expansion.feed(piece)
    yield from expansion.finish()


class _Plain:
    """The bytes of a tar that come one after the other."""

    def __init__(self, chunks: Iterator[Buffer]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.position = 0

    def take(self, count: int, entry: Entry) -> Iterator[memoryview]:
        """The next `count` bytes."""
        while count:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b"")).cast("B")
                if not self._rest:
                    raise InvalidLayer(f"the layer ends before {entry.path} does")
            piece = self._rest[:count]
            self._rest = self._rest[len(piece) :]
            self.position += len(piece)
            count -= len(piece)
            yield piece

    def skip_to(self, position: int, entry: Entry) -> None:
        """Go on to `position`."""
        for _ in self.take(position - self.position, entry):
            pass


def _chunks(layer: BinaryIO) -> Iterator[bytes]:
    return iter(partial(layer.read, _CHUNK), b"")
