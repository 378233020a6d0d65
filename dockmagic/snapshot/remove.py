"""Removal of whole trees while others may change them: no link is followed, whoever makes one meanwhile."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["remove_tree"]


def remove_tree(path: Path) -> None:
    """Remove a file or a folder with all that is in it, whoever in this user namespace owns it; it may be gone."""
    try:
        above = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _remove_entry(above, path.name)
    finally:
        os.close(above)


def _remove_entry(above: int, name: str) -> None:
    """Remove what is at `name` of a folder, with all below it; no link is followed, whoever makes one meanwhile."""
    try:
        os.unlink(name, dir_fd=above)
    except FileNotFoundError:
        return
    except IsADirectoryError:
        folder = _opened(above, name)
    else:
        return
    try:
        for child in os.listdir(folder):
            _remove_entry(folder, child)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=above)


def _opened(above: int, name: str) -> int:
    """A folder that is to go, with the rights to remove what is in it: overlay's work/work has mode 000."""
    pinned = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        through = f"/proc/self/fd/{pinned}"
        if os.fstat(pinned).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.chmod(through, 0o700)
        return os.open(through, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(pinned)
