"""What a kill left of containers that were being made or removed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dockmagic.run.machine.disposal import remove_folders

if TYPE_CHECKING:
    from dockmagic.run.machine.isolation import Isolation
    from dockmagic.store.home import Home

__all__ = ["sweep"]

_AGE: Final = 3600.0  # seconds: longer than anybody takes to make or to remove one


def sweep(home: Home, isolation: Isolation, age: float = _AGE) -> None:
    """Remove what nobody will finish.

    Args:
        home: where.
        isolation: whose worker can remove files of other users.
        age: seconds since somebody last did something about it.
    """
    try:
        hidden = [path for path in home.containers.iterdir() if path.name.startswith((".new-", ".gone-"))]
    except FileNotFoundError:
        return
    left = []
    for path in hidden:
        try:
            if time.time() - path.stat().st_ctime >= age:
                left.append(str(path))
        except FileNotFoundError:
            continue
    if left:
        remove_folders(isolation, left)
