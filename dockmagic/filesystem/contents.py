"""The contents of the files that were read last: a layer is read from front to back, and readers jump about."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

__all__ = ["Contents"]

_MOST: Final = 16
_IN_MEMORY: Final = 8 << 20


class _Content:
    """One content; it is read once, whole and verified, when its first byte is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: tempfile.SpooledTemporaryFile[bytes] | None = None

    def read(self, pieces: Callable[[], Iterable[bytes]], start: int, end: int) -> bytes:
        with self._lock:
            if self._file is None:
                file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  closed when it is forgotten
                finalizer = weakref.finalize(self, file.close)
                try:
                    for piece in pieces():
                        file.write(piece)
                except BaseException:
                    finalizer()
                    raise
                self._file = file
            self._file.seek(start)
            return self._file.read(max(end - start, 0))


class Contents:
    """A few contents, in memory where they are small, else in temporary files without a name; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, _Content] = OrderedDict()

    def read(self, key: Hashable, pieces: Callable[[], Iterable[bytes]], start: int, end: int) -> bytes:
        """Bytes `start` to ``end - 1`` of a content.

        Args:
            key: of the content.
            pieces: gives the whole of it, where it is not known; raises at the end if it is not what it should be.
            start: in bytes.
            end: in bytes.
        """
        with self._lock:
            content = self._known.setdefault(key, _Content())
            self._known.move_to_end(key)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return content.read(pieces, start, end)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
