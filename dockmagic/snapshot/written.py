"""What a container has written, with the owners that the files should have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .table import SNAPSHOTTERS

if TYPE_CHECKING:
    from dockmagic.layer.pack import OwnerRecord
    from dockmagic.layer.tree import FileTree

    from .changes import Written

__all__ = ["written"]


def written(folder: Path, isolation: dict[str, Any], below: FileTree | None = None) -> list[Written]:
    """Everything in the writable layer of the container in `folder`, each directory before what is in it.

    Args:
        folder: of the container.
        isolation: as `Isolation.record` gives it.
        below: the image's tree, which owners and devices that are only noted down are to be told with; None if they do
            not matter.
    """
    snapshotter = SNAPSHOTTERS[isolation["snapshotter"]]
    if isolation["keeps_owners"] or below is None:
        return snapshotter.changes(folder)
    from .copy_origins import CopyOrigins
    from .ownership import Ownership

    origins = CopyOrigins(below)
    with Ownership(folder, Path(snapshotter.writable(str(folder)))) as ownership:

        def told(item: Written) -> OwnerRecord:
            return ownership.of(item, origins)

        return snapshotter.changes(folder, told)
