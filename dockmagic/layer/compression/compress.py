"""Streams of compressed bytes from plain ones."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from .algorithm import WriteOptions
from .table import ALGORITHMS

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dockmagic.oci.media import Compression

__all__ = ["Compressor"]


class Compressor(io.RawIOBase):
    """A writable stream that compresses into another one, which stays open when this is closed.

    Args:
        out: where compressed bytes go.
        compression: of what kind.
        reproducible: the same bytes on every machine: zlib instead of the faster isal, whose output depends on the
            processor. The bytes still depend on zlib's version, as they do for every engine.
        threads: how many compress gzip side by side, where it need not be reproducible. For more than a few MiB.
        level: from 0 to the algorithm's highest (gzip: zlib's 9, zstd: 22); None for the usual one.
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
        options = WriteOptions(level=level, reproducible=reproducible, threads=threads)
        self._writer = ALGORITHMS[compression].writer(out, options)

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Compress all of `data`; returns its length in bytes."""
        return self._writer.write(data)

    def close(self) -> None:
        """Write what is still buffered and the trailer."""
        if not self.closed:
            self._writer.close()
        super().close()
