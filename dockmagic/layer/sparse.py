"""Sparse files in tars: GNU's old form, and the three that it keeps in pax records.

The forms are those of GNU tar's manual, "Storing Sparse Files". Layers seldom hold them, but Go's archive/tar reads all
four, so every engine does. What is stored of such a file are its segments; between them are zeros.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidLayer

from .pax import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .pax import Records

__all__ = ["GnuMap", "PaxMap", "Segments", "SparseExpansion", "inline_map", "is_sparse", "real_name", "real_size"]

#: Offset and length in bytes of each stored piece of a file, in order.
Segments = tuple[tuple[int, int], ...]

_PREFIX: Final = b"GNU.sparse."
_ZEROS: Final = memoryview(bytes(1 << 18))
_PIECE: Final = struct.Struct("12s12s")
# Where the old form keeps its map: in the header, and in the blocks after it.
_HEADER_MAP: Final = (386, 4, 482)  # offset, pieces, "there is more"
_BLOCK_MAP: Final = (0, 21, 504)
_REAL_SIZE: Final = slice(483, 495)
_PIECES: Final = 1 << 16  # of one file; a map may not outgrow what it maps


def is_sparse(records: Records) -> bool:
    """Whether the records of an extended header describe a sparse file."""
    return any(key.startswith(_PREFIX) for key in records)


def real_name(records: Records) -> bytes:
    """The file's own name, where the tar's is made up; empty if it is not."""
    return records.get(_PREFIX + b"name", b"")


def real_size(records: Records) -> bytes:
    """Bytes of the file with its holes, as digits."""
    return records.get(_PREFIX + b"realsize") or records.get(_PREFIX + b"size", b"")


def inline_map(records: Records) -> Segments | None:
    """The map of versions 0.0 and 0.1, which is in the records; None in 1.0, where it stands before the data.

    Raises:
        InvalidLayer: it is broken.
    """
    version = records.get(_PREFIX + b"major", b"0"), records.get(_PREFIX + b"minor", b"0")
    if version == (b"1", b"0"):
        return None
    if version not in ((b"0", b"0"), (b"0", b"1")):
        raise InvalidLayer(f"a sparse file has the unknown version {b'.'.join(version).decode('ascii', 'replace')}")
    text = records.get(_PREFIX + b"map", b"")
    return _paired([_whole(word) for word in text.split(b",")] if text else [])


class GnuMap:
    """The map of the old form, which begins in the header and may go on in the blocks after it.

    Args:
        header: the 512 bytes of the file's header.
        number: reads a numeric field.

    Attributes:
        size: bytes of the file with its holes.
        segments: what has been read of the map.
        whole: whether that is all.
    """

    def __init__(self, header: memoryview, number: Callable[[bytes], int]) -> None:
        self._number = number
        self.size = number(bytes(header[_REAL_SIZE]))
        self.segments: list[tuple[int, int]] = []
        self.whole = self._read(header, _HEADER_MAP)

    def take(self, block: memoryview) -> bool:
        """Read one more block; whether the map is whole now."""
        self.whole = self._read(block, _BLOCK_MAP)
        return self.whole

    def _read(self, block: memoryview, where: tuple[int, int, int]) -> bool:
        at, count, more = where
        for place in range(at, at + count * _PIECE.size, _PIECE.size):
            offset, length = _PIECE.unpack_from(block, place)
            if not offset[0] or not length[0]:
                break
            self.segments.append((self._number(offset), self._number(length)))
        if len(self.segments) > _PIECES:
            raise _too_many()
        return not block[more]


class PaxMap:
    """The map of version 1.0: a count, then offsets and lengths, a decimal number a line, padded to whole blocks.

    Attributes:
        segments: the map, once it is whole.
        blocks: how many have been read.
    """

    def __init__(self) -> None:
        self.segments: Segments = ()
        self.blocks = 0
        self._text = b""

    def take(self, block: memoryview) -> bool:
        """Read one more block; whether the map is whole now."""
        self.blocks += 1
        self._text += bytes(block)
        first, newline, rest = self._text.partition(b"\n")
        if not newline:
            raise InvalidLayer("a sparse file has a map without a count")
        count = 2 * _whole(first)
        if count > 2 * _PIECES:
            raise _too_many()
        lines = rest.split(b"\n", count)
        if len(lines) <= count:
            return False
        self.segments = _paired([_whole(line) for line in lines[:count]])
        return True


class SparseExpansion:
    """Turns the stored pieces of a file into its content.

    Args:
        segments: the file's map.
        size: bytes of the file with its holes.
        stored: bytes that the tar has of it.

    Raises:
        InvalidLayer: the map is not in order, leads out of the file, or does not fit what is stored.
    """

    def __init__(self, segments: Segments, size: int, stored: int) -> None:
        ends = [(0, 0), *segments, (size, 0)]
        if any(one < 0 or two < 0 for one, two in ends) or any(a + b > c for (a, b), (c, _) in pairwise(ends)):
            raise InvalidLayer("a sparse file has a map that is out of order or leads beyond the file's end")
        if sum(length for _, length in segments) != stored:
            raise InvalidLayer(f"a sparse file's map does not fit the {stored} bytes that are stored of it")
        self._todo = [list(segment) for segment in reversed(segments) if segment[1]]
        self._size = size
        self._position = 0

    def feed(self, data: memoryview) -> Iterator[memoryview]:
        """The content that the next stored bytes lead to, and the holes before them."""
        while data:
            offset, length = self._todo[-1]
            yield from self._zeros(offset)
            piece = data[:length]
            yield piece
            self._position += len(piece)
            data = data[len(piece) :]
            if len(piece) == length:
                self._todo.pop()
            else:
                self._todo[-1] = [self._position, length - len(piece)]

    def finish(self) -> Iterator[memoryview]:
        """The hole at the file's end."""
        yield from self._zeros(self._size)

    def _zeros(self, end: int) -> Iterator[memoryview]:
        while self._position < end:
            piece = _ZEROS[: end - self._position]
            self._position += len(piece)
            yield piece


def _whole(text: bytes) -> int:
    number = whole(text)
    if number is None:
        raise InvalidLayer(f"a sparse file's map has {text[:40]!r} where a number belongs")
    return number


def _paired(numbers: Sequence[int]) -> Segments:
    if len(numbers) % 2:
        raise InvalidLayer("a sparse file's map has an offset without a length")
    if len(numbers) > 2 * _PIECES:
        raise _too_many()
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _too_many() -> InvalidLayer:
    return InvalidLayer(f"a sparse file has a map of more than {_PIECES} pieces")
