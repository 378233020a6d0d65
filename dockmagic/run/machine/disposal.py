"""Folders that may hold files of a container's other users, out of the way."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
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
        work_folder = Path(path, "work", "work")
        with contextlib.suppress(OSError):
            work_folder.chmod(0o700)  # overlay makes it without any rights
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            continue
        except OSError:
            left.append(path)
    if left:
        work(isolation, "remove", paths=left)
