"""A container's changes as a layer: the worker's part of a commit."""

from __future__ import annotations

import os
from pathlib import Path

from dockmagic.store.layer.form import Form, Owners, Whiteouts
from dockmagic.store.layer.pack import pack
from dockmagic.store.layer.table import LayerTable
from dockmagic.store.layer.tree import FileTree

from .mountpoints import read_mountpoints
from .upper import names, scan

__all__ = ["pack_view"]


def pack_view(folder: Path, tables: list[str], out: int, *, user_xattrs: bool, epoch: int | None) -> tuple[str, bytes]:
    """Write the layer of the container in `folder`, whose tree is mounted at ``merged``, to the file `out`.

    Returns:
        The DiffID and the file table.
    """
    below = FileTree.of(LayerTable.loads(Path(path).read_bytes()) for path in tables)
    form = Form(Owners.KEEP, Whiteouts.USER if user_xattrs else Whiteouts.TRUSTED)
    only = names(scan(folder / "upper"), below, read_mountpoints(folder))
    with os.fdopen(os.dup(out), "wb", buffering=1 << 20) as file:
        diff_id, table = pack(folder / "merged", below, file, form=form, only=only, epoch=epoch)
    return str(diff_id), table.dumps()
