"""Scan of the upper directory of an overlay: what was written, removed (whiteouts) or hidden (opaque directories)."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from dockmagic.layer.whiteout import is_overlay_opaque, is_overlay_whiteout

from .changes import FOLDER, Written, owned, shared_inode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dockmagic.layer.pack import OwnerRecord

__all__ = ["scan"]


def scan(upper: Path, told: Callable[[Written], OwnerRecord] | None = None) -> list[Written]:
    """Everything in the folder `upper`, each directory before what is in it.

    Args:
        upper: as overlay keeps it.
        told: gives the owner that a file should have, where everything belongs to one user.
    """
    written = list(_walk(os.open(upper, FOLDER), b""))
    return written if told is None else [owned(item, told(item)) if item.mode else item for item in written]


def _walk(folder: int, prefix: bytes) -> Iterator[Written]:
    """What is in an opened folder, which is closed. The container may be running, and turn any folder into a link."""
    try:
        with os.scandir(folder) as found:
            names = sorted(os.fsencode(entry.name) for entry in found)
        for base in names:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # gone meanwhile, or another thing
                yield from _look(folder, base, prefix + base)
    finally:
        os.close(folder)


def _look(folder: int, base: bytes, name: bytes) -> Iterator[Written]:
    status = os.stat(base, dir_fd=folder, follow_symlinks=False)
    mode = status.st_mode
    if is_overlay_whiteout(status):
        yield Written(name, 0)
        return
    inside = os.open(base, FOLDER, dir_fd=folder) if stat.S_ISDIR(mode) else -1
    yield Written(
        name,
        mode,
        status.st_size if stat.S_ISREG(mode) else 0,
        int(status.st_mtime),
        status.st_uid,
        status.st_gid,
        opaque=inside >= 0 and is_overlay_opaque(inside),
        link=os.readlink(base, dir_fd=folder) if stat.S_ISLNK(mode) else b"",
        major=os.major(status.st_rdev),
        minor=os.minor(status.st_rdev),
        inode=shared_inode(status),
    )
    if inside >= 0:
        yield from _walk(inside, name + b"/")
