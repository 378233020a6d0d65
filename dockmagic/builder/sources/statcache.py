"""Digests of files that are known from earlier builds, as long as nothing says that they have changed.

Like git's index, it goes by what `stat` says, and like git it does not believe a file that was written to in the same
tick of the clock in which it was read: a later change in that tick would leave all numbers as they were.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import msgspec
from blake3 import blake3

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.store.home import Home

__all__ = ["Known", "StatCache", "state_of"]

_VERSION: Final = b"dmstat\x01\n"
_SECOND: Final = 10**9
#: How long before it is read a file must have been left alone, in nanoseconds, to be believed: many times the tick that
#: the kernel stamps files with (10 ms at most).
_FINE: Final = _SECOND // 5
#: The same where a file system keeps whole seconds (or FAT's two).
_COARSE: Final = 3 * _SECOND


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was found when a file was last looked into.

    Attributes:
        state: device, inode, mode, size, mtime and ctime in nanoseconds.
        digest: of the content, as `Entry.digest`; empty for what is no file.
        xattrs: extended attributes, in name order, or None.
    """

    state: tuple[int, int, int, int, int, int]
    digest: bytes
    xattrs: dict[str, bytes] | None = None


_Table = dict[bytes, Known]


def state_of(status: os.stat_result) -> tuple[int, int, int, int, int, int]:
    """What must be the same for a file to be the same."""
    return (status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class StatCache:
    """What is known of the files of one folder; threads may share it, and of two builds the last one's is kept.

    Args:
        home: that keeps it.
        folder: that it is about.
    """

    def __init__(self, home: Home, folder: Path) -> None:
        self._home = home
        self._path = home.builds / "stat" / blake3(os.fsencode(folder)).hexdigest()[:32]
        self._known = self._load()
        self._new: _Table = {}
        self.bytes_read = 0

    def _load(self) -> _Table:
        try:
            data = self._path.read_bytes()
            if not data.startswith(_VERSION):
                return {}
            return _DECODER.decode(memoryview(data)[len(_VERSION) :])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}  # all of it can be found out again

    def get(self, name: bytes, state: tuple[int, int, int, int, int, int]) -> Known | None:
        """What is known of the file `name`, if its state is still the same."""
        known = self._known.get(name)
        return known if known is not None and known.state == state else None

    def put(self, name: bytes, known: Known, *, now: int) -> None:
        """Remember what was found.

        Args:
            name: of the file.
            known: its state was taken before it was read, and was the same afterwards.
            now: when that state was taken, in nanoseconds since the epoch.
        """
        changed = max(known.state[4], known.state[5])
        patience = _FINE if known.state[5] % _SECOND else _COARSE
        if changed < now - patience:
            self._known[name] = self._new[name] = known

    def save(self) -> None:
        """Keep what is new for the next build; nothing to do if nothing is."""
        if not self._new:
            return
        # What another build has found out meanwhile is kept, too.
        table = self._load() | self._new
        self._home.write(self._path, _VERSION + _ENCODER.encode(table), durable=False)
        self._new = {}

    @staticmethod
    def now() -> int:
        """Nanoseconds since the epoch."""
        return time.time_ns()


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Table)
