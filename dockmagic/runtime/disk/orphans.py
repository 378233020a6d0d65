"""What a kill left of containers that were being made or removed, or were those of a build."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.store.lease import is_held

from .record import read_state
from .references import records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.runtime.machine.isolation import Isolation
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

    from .record import Record

__all__ = ["is_abandoned", "sweep"]

_AGE: Final = 3600.0  # seconds: longer than anybody takes to make or to remove one


def sweep(store: ContentStore, isolation: Isolation, age: float = _AGE) -> None:
    """Remove what nobody will finish.

    Args:
        store: of the home.
        isolation: whose worker can remove files of other users.
        age: seconds since somebody last did something about it.
    """
    left = [*_hidden(store.home, age), *_abandoned(store)]
    if left:
        remove_folders(isolation, left)


def _hidden(home: Home, age: float) -> Iterator[str]:
    try:
        hidden = [path for path in home.containers.iterdir() if path.name.startswith((".new-", ".gone-"))]
    except FileNotFoundError:
        return
    for path in hidden:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_ctime >= age:
                yield str(path)


def _abandoned(store: ContentStore) -> Iterator[str]:
    """Containers whose work was killed before it could remove them."""
    for folder, record in records(store):
        if is_abandoned(store.home, folder, record):
            gone = folder.with_name(f".gone-{record.id}")
            with contextlib.suppress(FileNotFoundError):  # another process does the same
                folder.rename(gone)
                yield str(gone)


def is_abandoned(home: Home, folder: Path, record: Record) -> bool:
    """Whether a container that does not run was made by work that was to remove it, and is dead."""
    if not record.lease or is_held(home, record.lease):
        return False
    return read_state(folder).status not in ("running", "paused")
