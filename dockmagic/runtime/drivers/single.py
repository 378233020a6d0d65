"""The driver of users without further ids: a user namespace with one, and a recorder of owners."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .namespaces import UserNamespace

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.layer.toc import LayerTOC

    from .means import Means

__all__ = ["Single"]


class Single(UserNamespace):
    """A user namespace with one id, under which a program goes by any number.

    What programs do to owners is answered with success, and noted down (`init.recorder`).
    """

    name = "single"
    about = "a user namespace with one id; owners are noted down"
    owners = "noted"
    users = "one"
    preload = (*UserNamespace.preload, "runtime.init.recorder", "snapshot.ownertable")
    preload_commit = (*UserNamespace.preload_commit, "snapshot.ownership", "snapshot.copy_origins")

    def find(self) -> Means:
        """Nothing but the kernel."""
        from .means import Means

        return Means(((0, os.geteuid(), 1),), ((0, os.getegid(), 1),))

    @property
    def explains(self) -> bool:
        """To users: what a user namespace lacks is what an administrator is most likely to give."""
        return os.geteuid() != 0

    def commit_warnings(self, table: LayerTOC, below: Image) -> list[str]:
        """Owners and access lists that programs could not see, and so may have lost."""
        from .commit_warnings import commit_warnings

        return commit_warnings(table, below)
