"""Folders that may hold files of a container's other users, out of the way."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from .work import work

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .isolation import Isolation

__all__ = ["remove_folders"]


def remove_folders(isolation: Isolation, paths: Iterable[str]) -> None:
    """Remove folders, with a worker's help where they hold files of the container's other users."""
    left = []
    for path in paths:
        _open_up(path)
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            continue
        except OSError:
            left.append(path)
    if left:
        work(isolation, "remove", paths=left)


def _open_up(path: str) -> None:
    """Have access to the folder that overlay makes without any rights; a link in its place leads nowhere."""
    pinned = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
        folder = os.open(path, pinned)
        opened.callback(os.close, folder)
        for _ in range(2):
            folder = os.open("work", pinned, dir_fd=folder)
            opened.callback(os.close, folder)
        os.chmod(f"/proc/self/fd/{folder}", 0o700)
