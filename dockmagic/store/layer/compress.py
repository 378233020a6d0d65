"""Streams of gzip, zstd and plain bytes, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.oci.media import Compression
    from typing_extensions import Buffer

__all__ = ["Decompressor", "compressor", "decompressor"]


class Decompressor(Protocol):
    """Takes compressed chunks of any size, gives plain ones."""

    def feed(self, chunk: Buffer) -> Iterator[Buffer]:
        """The plain bytes that `chunk` completes, in pieces of bounded size."""
        ...

    def finish(self) -> None:
        """Call after the last chunk.

        Raises:
            InvalidLayer: the stream is truncated.
        """
        ...


def decompressor(compression: Compression) -> Decompressor:
    """A decompressor; what the first bytes say goes before `compression`."""
    raise NotImplementedError


def compressor(out: BinaryIO, compression: Compression, *, reproducible: bool = False) -> BinaryIO:
    """A writable stream that compresses into `out`, which stays open when the stream is closed.

    Args:
        out: where compressed bytes go.
        compression: of what kind.
        reproducible: the same bytes on every machine: zlib at a pinned level instead of the faster isal, whose
            output depends on the processor.
    """
    raise NotImplementedError
