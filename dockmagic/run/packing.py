"""A container's changes as a layer: the worker's part of a commit."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import NotSupported
from dockmagic.store.layer.form import Form, Owners
from dockmagic.store.layer.pack import pack
from dockmagic.store.layer.table import LayerTable
from dockmagic.store.layer.tree import FileTree

from .mountpoints import read_mountpoints
from .ownership import Ownership
from .settling import settle
from .snapshot import writable, written
from .upper import names

if TYPE_CHECKING:
    from dockmagic.store.layer.entry import Entry

    from .upper import Written

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
        last: make the writable layer what its layer unpacks to: it will be used for it, see `settle`.

    Returns:
        The DiffID and the file table.

    Raises:
        NotSupported: nobody knows whose the files are.
    """
    form = Form.parse(isolation["form"])
    if form.owners is Owners.MINE:
        raise NotSupported(
            "what ran under proot cannot be committed: it keeps no owners",
            hint="Copy files out with cp, or ask for user namespaces: info says what keeps them from you",
        )
    below = FileTree.of(LayerTable.loads(Path(path).read_bytes()) for path in tables)
    found = written(folder, isolation)
    told = {}
    if not isolation["keeps_owners"]:
        origins = _Origins(below)
        with Ownership(folder, writable(folder, isolation)) as ownership:
            for item in found:
                if item.mode:
                    told[item.name] = ownership.of(item.name, origins.of(item))
    with os.fdopen(os.dup(out), "wb", buffering=1 << 20) as file:
        diff_id, table = pack(
            writable(folder, isolation),
            below,
            file,
            form=form,
            only=names(found, below, read_mountpoints(folder)),
            told=told,
            epoch=epoch,
        )
    data = table.dumps()
    if last:
        settle(folder, data)
    return str(diff_id), data


class _Origins:
    """What of the image the files of a writable layer were, or took the place of."""

    def __init__(self, below: FileTree) -> None:
        self._below = below

    def of(self, item: Written) -> Entry | None:
        """Of a file what the image has in its place; of a first backup, as useradd's ``/etc/shadow-``, the original.

        Of a link or pipe, which can bring no note of its owner with it, the image's with its time and target: it was
        copied up or renamed. None if several are like that and belong to different users.
        """
        if stat.S_ISREG(item.mode) or stat.S_ISDIR(item.mode):
            node = self._below.nodes.get(item.name) or self._below.nodes.get(item.name.removesuffix(b"-"))
            return node.entry if node is not None else None
        alike = self._alike.get((stat.S_IFMT(item.mode), item.mtime, item.link), [])
        same = [entry for entry in alike if entry.name == item.name] or alike
        return same[0] if len({(entry.uid, entry.gid) for entry in same}) == 1 else None

    @cached_property
    def _alike(self) -> dict[tuple[int, int, bytes], list[Entry]]:
        found: dict[tuple[int, int, bytes], list[Entry]] = {}
        for node in self._below.nodes.values():
            entry = node.entry
            if not (entry.is_file or entry.is_dir):
                found.setdefault((stat.S_IFMT(entry.st_mode), entry.mtime, entry.link), []).append(entry)
        return found
