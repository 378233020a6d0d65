"""Where an archive is written to, when what writes it cannot be trusted to stop after a failure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Sink"]


class Sink(io.RawIOBase):
    """Passes on what is written until that fails, and nothing then.

    `tarfile` and the compressors write what they still hold when they are closed or collected, after a failure too: on
    a full disk that would fail once more, where nobody can catch it. The stream stays open when this is closed.

    Args:
        out: where the bytes go.
    """

    def __init__(self, out: BinaryIO | io.RawIOBase) -> None:
        self._out = out
        self._failed = False

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: Buffer, /) -> int:
        """Write all of `data`; returns its length in bytes."""
        if not self._failed:
            self._failed = True
            self._out.write(data)
            self._failed = False
        return memoryview(data).nbytes
