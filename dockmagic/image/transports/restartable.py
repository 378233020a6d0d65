"""A blob of a source as a stream that can seek: it is opened again where somebody goes back."""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.spec import Descriptor

__all__ = ["RestartableBlob"]


class RestartableBlob(io.RawIOBase):
    """Reads a blob from front to back, and from any place again: for an upload that breaks off.

    Its bytes are not verified: who takes them does that.

    Args:
        source: has the blob.
        desc: of the blob.
    """

    def __init__(self, source: ImageSource, desc: Descriptor) -> None:
        self._source = source
        self._desc = desc
        self._place = 0
        self._stack = ExitStack()
        self._stream: BinaryIO | None = None

    def readable(self) -> bool:
        """Always true."""
        return True

    def seekable(self) -> bool:
        """Always true."""
        return True

    def tell(self) -> int:
        """Where the next bytes come from."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place from the beginning."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        if offset != self._place:
            self._stack.close()
            self._stream, self._place = None, offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as they come; empty at the end."""
        if self._stream is None:
            opened = self._source.open(self._desc, offset=self._place, verify=False)
            self._stream = self._stack.enter_context(opened)
        data = self._stream.read(size)
        self._place += len(data)
        return data

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` with the next bytes, perhaps not wholly; 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close what was opened."""
        if not self.closed:
            self._stack.close()
        super().close()
