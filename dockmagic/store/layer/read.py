"""One file's content out of a compressed layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from blake3 import blake3

from dockmagic.oci.errors import InvalidLayer, NotSupported

from .compress import Decompressor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from dockmagic.oci.media import Compression

    from .entry import Entry

__all__ = ["read_content"]

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
    return _content(layer, compression, entry)


def _content(layer: BinaryIO, compression: Compression, entry: Entry) -> Iterator[bytes]:
    skip, wanted = entry.offset, entry.size
    digest = blake3()
    for plain in _plain(layer, compression):
        view = memoryview(plain).cast("B")
        if skip >= len(view):
            skip -= len(view)
            continue
        piece = bytes(view[skip : skip + wanted])
        skip = 0
        wanted -= len(piece)
        digest.update(piece)
        if not wanted:
            if entry.digest and digest.digest() != entry.digest:
                raise InvalidLayer(f"{entry.path} is not what the layer's file table says")
            yield piece
            return
        yield piece
    if wanted or skip:
        raise InvalidLayer(f"the layer ends before {entry.path} does")


def _plain(layer: BinaryIO, compression: Compression) -> Iterator[Buffer]:
    decompressor = Decompressor(compression)
    while chunk := layer.read(_CHUNK):
        yield from decompressor.feed(chunk)
    yield from decompressor.finish()
