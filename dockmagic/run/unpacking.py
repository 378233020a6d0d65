"""Layers onto the disk, each once for all the containers of an image's family: the worker's part."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch
from dockmagic.oci.media import compression_of
from dockmagic.store.layer.form import Form, Owners, Whiteouts
from dockmagic.store.layer.table import LayerTable
from dockmagic.store.layer.tree import FileTree
from dockmagic.store.layer.unpack import unpack

from . import kernel

__all__ = ["unpack_all"]

_THREADS = 2


def unpack_all(folder: Path, layers: list[dict[str, Any]], *, user_xattrs: bool) -> None:
    """Unpack what is missing of an image's layers.

    Args:
        folder: of the unpacked layers of this form.
        layers: all of the image, base first: key (the folder's name), blob and table (paths), media_type, diff_id.
        user_xattrs: whether overlay's marks are in ``user.overlay``.

    Raises:
        InvalidLayer: a broken layer.
        DigestMismatch: a layer that is not the one that the image names.
    """
    form = Form(Owners.KEEP, Whiteouts.USER if user_xattrs else Whiteouts.TRUSTED)
    tables = [LayerTable.loads(Path(layer["table"]).read_bytes()) for layer in layers]
    alone: list[int] = []
    leaning: list[int] = []
    for index, layer in enumerate(layers):
        if not (folder / layer["key"]).exists():
            (leaning if tables[index].needs_parent else alone).append(index)
    alone.sort(key=lambda index: tables[index].size)
    failures: list[BaseException] = []

    def go() -> None:
        while alone and not failures:
            try:
                index = alone.pop()
            except IndexError:
                return
            try:
                _unpack_one(folder, layers[index], form)
            except BaseException as error:  # noqa: BLE001  (raised again by who waits)
                failures.append(error)

    threads = [threading.Thread(target=go) for _ in range(min(_THREADS, len(alone)) - 1)]
    for thread in threads:
        thread.start()
    go()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    for index in leaning:
        below = FileTree.of(tables[:index])
        lower = folder / f".below-{os.getpid()}" if tables[index].loose else None
        if lower is not None:
            _show(folder, [layer["key"] for layer in layers[:index]], lower, user_xattrs=user_xattrs)
        try:
            _unpack_one(folder, layers[index], form, below=below, lower=lower)
        finally:
            if lower is not None:
                kernel.umount(str(lower))
                lower.rmdir()


def _show(folder: Path, keys: list[str], where: Path, *, user_xattrs: bool) -> None:
    where.mkdir()
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    os.chdir(folder)
    if len(keys) == 1:
        # An overlay of one folder without an upper one is refused.
        kernel.mount(str(folder / keys[0]), str(where), None, kernel.MS_BIND)
        return
    flag = ",userxattr" if user_xattrs else ""
    kernel.mount("overlay", str(where), "overlay", kernel.MS_RDONLY, f"lowerdir={':'.join(reversed(keys))}{flag}")


def _unpack_one(
    folder: Path, layer: dict[str, Any], form: Form, *, below: FileTree | None = None, lower: Path | None = None
) -> None:
    # A name of its own until it is whole; what a killed worker leaves is taken away by the next one.
    place = folder / f".new-{layer['key']}-{os.getpid()}"
    with Path(layer["blob"]).open("rb") as blob:
        diff_id, _ = unpack(blob, compression_of(layer["media_type"]), place, form=form, below=below, lower=lower)
    if diff_id != Digest(layer["diff_id"]):
        raise DigestMismatch(f"the layer {layer['diff_id'][:19]} unpacks to {diff_id[:19]}")
    place.rename(folder / layer["key"])
