"""A container's writable layer made what its layer unpacks to, so that it can be used for it: the worker's part."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from dockmagic.layer.toc import LayerTOC

from .mountpoints import read_mountpoints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["finalize"]

_SECOND = 10**9


def finalize(folder: Path, writable: bytes, table: bytes) -> None:
    """Take out of the writable layer of the container in `folder` what its layer has not, and give it its times.

    Nothing of an overlay may be mounted over it any more.

    Args:
        folder: of the container.
        writable: its writable layer.
        table: file table of its layer.
    """
    for name in sorted(read_mountpoints(folder), key=len, reverse=True):
        with contextlib.suppress(OSError):  # it is used, or was never needed
            _remove_empty(writable, name)
    for path in list(_sockets(writable)):
        os.unlink(path)
    # What is in a directory comes before it, since to touch that changes no directory, but to remove it did.
    for entry in reversed(LayerTOC.loads(table).entries):
        time = entry.mtime * _SECOND
        with contextlib.suppress(FileNotFoundError):
            os.utime(os.path.join(writable, entry.name), ns=(time, time), follow_symlinks=False)


def _remove_empty(root: bytes, name: bytes) -> None:
    """Remove an empty file or folder below `root`, unless a link is on the way to it.

    The program may have moved a folder away that a mount was in, and put a link in its place (CVE-2024-23652).
    """
    *parents, last = name.split(b"/")
    with contextlib.ExitStack() as opened:
        parent = os.open(root, os.O_PATH | os.O_DIRECTORY)
        opened.callback(os.close, parent)
        for part in parents:
            parent = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            opened.callback(os.close, parent)
        state = os.stat(last, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(state.st_mode):
            os.rmdir(last, dir_fd=parent)
        elif stat.S_ISREG(state.st_mode) and not state.st_size:
            os.unlink(last, dir_fd=parent)


def _sockets(folder: bytes) -> Iterator[bytes]:
    with os.scandir(folder) as found:
        for entry in found:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISSOCK(mode):
                yield entry.path
            elif stat.S_ISDIR(mode):
                yield from _sockets(entry.path)
