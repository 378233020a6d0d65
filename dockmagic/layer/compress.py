"""Streams of plain and compressed bytes, both ways: gzip, zstd, xz and bzip2, in one table."""

from __future__ import annotations

import bz2
import io
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Protocol

from isal import igzip_lib, isal_zlib

from dockmagic.oci.errors import InvalidLayer, NotSupported
from dockmagic.oci.media import Compression

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Buffer

__all__ = ["LONGEST_MAGIC", "Compressor", "Decompressor", "detect", "inflated"]

#: The most plain bytes that are handed out at once: compressed zeros swell a thousandfold.
_PIECE: Final = 1 << 20

# Of zlib's levels, docker's choice; isal's levels are its own, and 1 is as fast as 0 but denser.
_ZLIB_LEVEL: Final = 6
_ISAL_LEVEL: Final = 1
_ZSTD_LEVEL: Final = 3
_GZIP_WINDOW: Final = 31  # zlib's way to say: gzip header, 32 KiB window

# What an xz stream may have decoders hold: more than `xz -9` needs (65 MiB).
_XZ_MEMORY: Final = 100 << 20

#: Bytes of a layer that `detect` looks at.
LONGEST_MAGIC: Final = 6


class _Member(Protocol):
    """What all decompressors have in common: one gzip member, zstd frame, xz or bzip2 stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: Buffer, max_length: int = -1) -> bytes: ...


class _Kind(NamedTuple):
    """How one compression is told and read."""

    magic: bytes
    member: Callable[[], _Member]


_KINDS: Final = {
    Compression.GZIP: _Kind(b"\x1f\x8b", lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)),
    Compression.ZSTD: _Kind(b"\x28\xb5\x2f\xfd", zstd.ZstdDecompressor),
    Compression.XZ: _Kind(b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)),
    Compression.BZIP2: _Kind(b"BZh", bz2.BZ2Decompressor),
}
_LZIP: Final = b"LZIP"


def detect(head: bytes) -> Compression:
    """What the first six bytes of a layer or archive say it is; a tar, if they say nothing.

    Raises:
        NotSupported: compressed in a way that no engine reads.
    """
    for compression, kind in _KINDS.items():
        if head.startswith(kind.magic):
            return compression
    # A skippable frame (RFC 8878, section 3.1.2) may come first.
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return Compression.ZSTD
    if head.startswith(_LZIP):
        raise NotSupported("a layer is compressed with lzip", hint="Ask the publisher for gzip or zstd layers")
    return Compression.NONE


# isal's stubs take its error class for an instance; bz2 has none of its own.
_ERRORS: Final[tuple[type[Exception], ...]] = (
    igzip_lib.IsalError,  # type: ignore[assignment]
    zstd.ZstdError,
    lzma.LZMAError,
    OSError,
    EOFError,
)


class Decompressor:
    """Takes compressed chunks of any size and gives plain ones: gzip members, zstd frames, xz or bzip2 streams in turn.

    Zero bytes after the last member are padding, as gzip itself holds; anything else there is an error.

    Args:
        claimed: what the media type says. What the first bytes say goes before it, since mislabelled layers are
            common and every engine reads them.
        sniff: False for what is known to be plain, whatever its first bytes say.
    """

    def __init__(self, claimed: Compression, *, sniff: bool = True) -> None:
        self._claimed = claimed
        self._head = b""
        self._kind: Compression | None = None if sniff else Compression.NONE
        self._member: _Member | None = None

    def feed(self, chunk: Buffer) -> Iterator[Buffer]:
        """The plain bytes that `chunk` completes, in pieces of at most 1 MiB; run it to its end before the next.

        Raises:
            InvalidLayer: the stream is corrupt.
            NotSupported: of a foreign compression.
        """
        kind = self._kind
        if kind is None:
            self._head += bytes(chunk)
            if len(self._head) < LONGEST_MAGIC:
                return
            chunk, self._head = self._head, b""
            kind = self._kind = detect(chunk)
            if kind is not Compression.NONE:
                self._member = _KINDS[kind].member()
        if kind is Compression.NONE:
            yield chunk
        else:
            yield from self._inflate(kind, chunk)

    def _inflate(self, kind: Compression, chunk: Buffer) -> Iterator[bytes]:
        data = chunk
        try:
            while True:
                if self._member is None:
                    data = bytes(data).lstrip(b"\0")
                    if not data:
                        return
                    self._member = _KINDS[kind].member()
                plain = self._member.decompress(data, _PIECE)
                if plain:
                    yield plain
                if self._member.eof:
                    data = self._member.unused_data
                    self._member = None
                elif self._member.needs_input:
                    return
                else:
                    data = b""
        except _ERRORS as error:
            raise InvalidLayer(f"the layer's {kind.value} data is corrupt: {error}") from None

    @property
    def _kind_name(self) -> str:
        return (self._kind or self._claimed).value or "tar"

    def finish(self) -> Iterator[Buffer]:
        """The last plain bytes; call it after the last chunk.

        Raises:
            InvalidLayer: the stream is truncated.
        """
        if self._kind is None:
            if self._claimed is not Compression.NONE:
                raise InvalidLayer(f"the layer ends in the midst of its {self._kind_name} header")
            if self._head:
                yield self._head
        elif self._member is not None:
            raise InvalidLayer(f"the layer's {self._kind_name} data is truncated")


def inflated(chunks: Iterable[Buffer], claimed: Compression = Compression.NONE) -> Iterator[Buffer]:
    """The plain bytes of a stream, compressed as its first bytes say, else as it is; in pieces of at most 1 MiB.

    Raises:
        InvalidLayer: corrupt or truncated.
        NotSupported: of a foreign compression.
    """
    decompressor = Decompressor(claimed)
    for chunk in chunks:
        yield from decompressor.feed(chunk)
    yield from decompressor.finish()


class Compressor(io.RawIOBase):
    """A writable stream that compresses into another one, which stays open when this is closed.

    Args:
        out: where compressed bytes go.
        compression: of what kind.
        reproducible: the same bytes on every machine: zlib instead of the faster isal, whose output depends on the
            processor. The bytes still depend on zlib's version, as they do for every engine.
        threads: how many compress gzip side by side, where it need not be reproducible: the blocks of one member
            (RFC 1952), each with the end of the one before as its dictionary. For more than a few MiB.
        level: of zlib (0 to 9) or zstd (0 to 22), whose levels these are, not isal's; None for the usual one.
    """

    def __init__(
        self,
        out: BinaryIO,
        compression: Compression,
        *,
        reproducible: bool = False,
        threads: int = 1,
        level: int | None = None,
    ) -> None:
        self._out = out
        self._engine: Any = None
        self._crew: BinaryIO | None = None
        if compression is Compression.XZ:
            self._engine = lzma.LZMACompressor()
        elif compression is Compression.BZIP2:
            self._engine = bz2.BZ2Compressor()
        elif compression is Compression.ZSTD:
            self._engine = zstd.ZstdCompressor(level=_ZSTD_LEVEL if level is None else level)
        elif compression is Compression.GZIP and (reproducible or level is not None):
            chosen = _ZLIB_LEVEL if level is None else level
            self._engine = zlib.compressobj(chosen, zlib.DEFLATED, _GZIP_WINDOW)
        elif compression is Compression.GZIP and threads > 1:
            from isal import igzip_threaded

            self._crew = igzip_threaded.open(out, "wb", _ISAL_LEVEL, threads=threads)  # type: ignore[no-untyped-call]
        elif compression is Compression.GZIP:
            self._engine = isal_zlib.compressobj(_ISAL_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Compress all of `data`; returns its length in bytes."""
        if self._crew is not None:
            return self._crew.write(data)
        packed = data if self._engine is None else self._engine.compress(data)
        if memoryview(packed):
            self._out.write(packed)
        return memoryview(data).nbytes

    def close(self) -> None:
        """Write what is still buffered and the trailer."""
        if not self.closed and self._crew is not None:
            self._crew.close()
        elif not self.closed and self._engine is not None:
            self._out.write(self._engine.flush())
        super().close()
