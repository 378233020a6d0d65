"""Layers onto the disk, each once for all the containers of an image's family: the worker's part."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dockmagic.layer.disk_format import Whiteouts
from dockmagic.layer.toc import LayerTOC
from dockmagic.layer.tree import FileTree
from dockmagic.layer.unpack import unpack, unpack_ahead
from dockmagic.linux import kernel
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch
from dockmagic.oci.media import compression_of

if TYPE_CHECKING:
    from dockmagic.layer.disk_format import DiskFormat

__all__ = ["unpack_all", "unpack_arriving", "unpack_whole"]

_THREADS = 2


def unpack_all(folder: Path, layers: list[dict[str, Any]], form: DiskFormat) -> None:
    """Unpack what is missing of an image's layers.

    Args:
        folder: of the unpacked layers of this form.
        layers: all of the image, base first: key (the folder's name), blob and table (paths), media_type, diff_id.
        form: how they are to lie there.

    Raises:
        InvalidLayer: a broken layer.
        DigestMismatch: a layer that is not the one that the image names.
    """
    tables = [LayerTOC.loads(Path(layer["table"]).read_bytes()) for layer in layers]
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
            _show(folder, [layer["key"] for layer in layers[:index]], lower, form)
        try:
            _unpack_one(folder, layers[index], form, below=below, lower=lower)
        finally:
            if lower is not None:
                kernel.umount(str(lower))
                lower.rmdir()


def unpack_arriving(folder: Path, layer: dict[str, Any], stream: BinaryIO, form: DiskFormat) -> tuple[Digest, LayerTOC]:
    """Unpack a layer while it comes, unless it needs the layers below: then `unpack_all` does it later.

    Args:
        folder: of the unpacked layers of this form.
        layer: as for `unpack_all`, without blob and table. One with another DiffID is read, but does not stay.
        stream: its compressed bytes.
        form: how it is to lie there.

    Returns:
        The DiffID that it has, and its file table.

    Raises:
        InvalidLayer: a broken layer.
        OutOfSpace: the disk is full.
    """
    # Not one of the names that `unpack_all` sweeps away: others unpack meanwhile.
    place = folder / f".arriving-{layer['key']}-{os.getpid()}"
    try:
        diff_id, table, whole = unpack_ahead(stream, compression_of(layer["media_type"]), place, form=form)
        if whole and diff_id == layer["diff_id"]:
            _appear(place, folder / layer["key"])
    finally:
        if place.exists():
            import shutil

            shutil.rmtree(place)
    return diff_id, table


def unpack_whole(folder: Path, key: str, layers: list[dict[str, Any]], form: DiskFormat) -> None:
    """Unpack an image's layers one over another into the folder `key`, for containers to copy.

    Args:
        folder: of the images that are unpacked in this form.
        key: name of the image's tree.
        layers: as for `unpack_all`.
        form: how it is to lie there.

    Raises:
        InvalidLayer: a broken layer.
        DigestMismatch: a layer that is not the one that the image names.
    """
    place = folder / f".new-{key}-{os.getpid()}"
    place.mkdir()
    for layer in layers:
        _write(place, layer, form)
    place.rename(folder / key)


def _show(folder: Path, keys: list[str], where: Path, form: DiskFormat) -> None:
    where.mkdir()
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    os.chdir(folder)
    if len(keys) == 1:
        # An overlay of one folder without an upper one is refused.
        kernel.mount(str(folder / keys[0]), str(where), None, kernel.MS_BIND)
        return
    flag = ",userxattr" if form.whiteouts is Whiteouts.USER else ""
    kernel.mount("overlay", str(where), "overlay", kernel.MS_RDONLY, f"lowerdir={':'.join(reversed(keys))}{flag}")


def _unpack_one(
    folder: Path, layer: dict[str, Any], form: DiskFormat, *, below: FileTree | None = None, lower: Path | None = None
) -> None:
    # A name of its own until it is whole; what a killed worker leaves is taken away by the next one.
    place = folder / f".new-{layer['key']}-{os.getpid()}"
    _write(place, layer, form, below=below, lower=lower)
    _appear(place, folder / layer["key"])


def _write(
    place: Path, layer: dict[str, Any], form: DiskFormat, *, below: FileTree | None = None, lower: Path | None = None
) -> None:
    with Path(layer["blob"]).open("rb") as blob:
        diff_id, _ = unpack(blob, compression_of(layer["media_type"]), place, form=form, below=below, lower=lower)
    if diff_id != Digest(layer["diff_id"]):
        raise DigestMismatch(f"the layer {layer['diff_id'][:19]} unpacks to {diff_id[:19]}")


def _appear(place: Path, final: Path) -> None:
    try:
        place.rename(final)
    except OSError as error:
        # Who pulled the layer unpacked it too, and was quicker; the next one sweeps this one away.
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
