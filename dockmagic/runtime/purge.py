"""A whole home that goes: its containers end, and its files are removed, whoever among their users owns them."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

from .listing import containers
from .machine.removal import remove_folders
from .machine.tiers import choose

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["forget_home"]


def forget_home(root: Path) -> None:
    """Remove the home at `root` with all that is in it, as far as that is possible."""
    home = Home(root)
    for container in containers(ContentStore(home)):
        with suppress(DockmagicError, OSError):
            container.remove(force=True)
    folders = [root] if home.scratch.is_relative_to(root) else [home.scratch, root]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    left = [str(folder) for folder in folders if folder.exists()]
    if left:
        with suppress(DockmagicError, OSError):
            remove_folders(choose(home), left)
