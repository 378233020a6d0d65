"""A compressed layer as a plain stream."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from .decompress import inflated

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dockmagic.oci.media import Compression

__all__ = ["PlainLayer"]

_PIECE: Final = 1 << 20


class PlainLayer(io.RawIOBase):
    """A layer's tar as a stream, decompressed while it is read.

    Args:
        stream: the layer's blob.
        compression: what its media type claims.
    """

    def __init__(self, stream: BinaryIO, compression: Compression) -> None:
        self._pieces = inflated(iter(partial(stream.read, _PIECE), b""), compression)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` with the next plain bytes, perhaps not wholly; 0 at the end.

        Raises:
            InvalidLayer: the compressed stream is corrupt or truncated.
        """
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
