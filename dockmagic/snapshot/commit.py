"""A container's changes as a layer: the worker's part of a commit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dockmagic.layer.disk_format import DiskFormat
from dockmagic.layer.pack import pack
from dockmagic.layer.toc import LayerTOC
from dockmagic.layer.tree import FileTree

from .changes import names
from .finalize import finalize
from .mountpoints import read_mountpoints
from .table import SNAPSHOTTERS
from .written import written

__all__ = ["pack_view"]


def pack_view(
    folder: Path, tables: list[str], out: int, *, isolation: dict[str, Any], epoch: int | None, last: bool = False
) -> tuple[str, bytes]:
    """Write the layer of the container in `folder` to the file `out`.

    Read from the writable layer itself: what is in the layers below is known from their tables, and nothing need be
    mounted.

    Args:
        folder: of the container.
        tables: paths of the file tables of its image's layers, base first.
        out: descriptor.
        isolation: as `Isolation.record` gives it.
        epoch: no file is later than this.
        last: make the writable layer what its layer unpacks to: it will be used for it, see `finalize`.

    Returns:
        The DiffID and the file table.
    """
    form = DiskFormat.parse(isolation["form"])
    writable = SNAPSHOTTERS[isolation["snapshotter"]].writable(str(folder))
    below = FileTree.of(LayerTOC.loads(Path(path).read_bytes()) for path in tables)
    found = written(folder, isolation, below)
    recorded = {} if isolation["keeps_owners"] else {item.name: item.told for item in found if item.mode}
    with os.fdopen(os.dup(out), "wb", buffering=1 << 20) as file:
        diff_id, table = pack(
            Path(writable),
            below,
            file,
            form=form,
            only=names(found, below, read_mountpoints(folder)),
            recorded=recorded,
            epoch=epoch,
        )
    data = table.dumps()
    if last:
        finalize(folder, os.fsencode(writable), data)
    return str(diff_id), data
