"""A blob that is being written to the store: resumable until it is whole, visible only then."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Self

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch, SizeMismatch

from .home import disk_errors
from .lock import lock
from .private import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.oci.spec import Descriptor

    from .home import Home

__all__ = ["PartialWriter"]

_PIECE = 1 << 20


class PartialWriter:
    """One blob being written, by one thread; a context manager. Get it from `ContentStore.writer`.

    Leaving it without `commit` keeps what has arrived for the next attempt, in this or another process.

    Attributes:
        present: the blob is in the store already: nothing is to be written.
        offset: bytes that are here already.
    """

    def __init__(self, home: Home, desc: Descriptor, *, stop: Callable[[], bool] | None = None) -> None:
        self._desc = desc
        self._blob = home.blob(desc.digest)
        self._path = home.partial(desc.digest)
        self._hash = hashlib.sha256()
        self.offset = 0
        self.present = False
        self._file = self._claim(stop)
        state = os.fstat(self._file)
        self.present = self._blob.exists()
        if state.st_size > desc.size:
            os.ftruncate(self._file, 0)
        self.offset = os.fstat(self._file).st_size
        self._unread = self.offset

    def _claim(self, stop: Callable[[], bool] | None) -> int:
        """Open the partial file and lock it; anew if another process finished it meanwhile."""
        while True:
            with disk_errors():
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                lock(file, stop=stop)
                if self._is_current(file):
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)

    def _is_current(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file >= 0:
            if self.present or not os.fstat(self._file).st_size:
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def earlier(self) -> Iterator[bytes]:
        """What earlier attempts left, in pieces of a MiB; read it to the end before the first `write`."""
        os.lseek(self._file, 0, os.SEEK_SET)
        while self._unread:
            piece = os.read(self._file, min(_PIECE, self._unread))
            self._unread -= len(piece)
            self._hash.update(piece)
            yield piece

    def restart(self) -> None:
        """Forget what earlier attempts left."""
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.offset = self._unread = 0

    def write(self, buffer: bytes | memoryview) -> None:
        """Append.

        Raises:
            SizeMismatch: more than the descriptor says; nothing is kept.
            OutOfSpace: the disk is full; what has arrived is kept.
        """
        if self._unread:
            raise ValueError("read what is there before writing more")
        if self.offset + len(buffer) > self._desc.size:
            self.restart()
            raise SizeMismatch(f"{self._desc.digest} has more than the {self._desc.size} bytes its descriptor says")
        self._hash.update(buffer)
        view = memoryview(buffer)
        with disk_errors():
            while view:
                count = os.write(self._file, view)
                self.offset += count
                view = view[count:]

    def verify(self) -> None:
        """Make sure that what is here is the blob, whole.

        Raises:
            SizeMismatch: too short; what has arrived is kept.
            DigestMismatch: not what the descriptor says; nothing is kept.
        """
        if self.offset != self._desc.size:
            raise SizeMismatch(
                f"{self._desc.digest} has {self.offset} bytes, not the {self._desc.size} its descriptor says"
            )
        actual = Digest.from_hex(self._hash.hexdigest())
        if actual != self._desc.digest:
            self.restart()
            raise DigestMismatch(f"content of {self._desc.digest} has the digest {actual}")

    def commit(self) -> None:
        """Make it visible, after `verify`.

        Raises:
            SizeMismatch: too short; what has arrived is kept.
            DigestMismatch: not what the descriptor says; nothing is kept.
        """
        self.verify()
        with disk_errors():
            os.fsync(self._file)  # a name may soon say that it is here, and a power failure must not make that a lie
            self._path.rename(self._blob)
        self.present = True
