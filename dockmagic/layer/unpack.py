"""A layer to a directory, never leaving it, as root or as anybody."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci.errors import InvalidLayer, OutOfSpace, StoreError

from .header import show
from .ingest import LayerIngest
from .root_dir import RootDir
from .unpacker import Unpacker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.media import Compression

    from .disk_format import DiskFormat
    from .toc import LayerTOC
    from .tree import FileTree

__all__ = ["unpack", "unpack_ahead"]


_CHUNK: Final = 1 << 18
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def unpack(
    layer: BinaryIO,
    compression: Compression,
    root: Path,
    *,
    form: DiskFormat,
    below: FileTree | None = None,
    lower: Path | None = None,
    limit: int | None = None,
) -> tuple[Digest, LayerTOC]:
    """Unpack a layer into `root`, which is made if it is missing; on an error what was written stays.

    Args:
        layer: its compressed bytes, read to the end.
        compression: what its media type claims.
        root: the directory. No path that is written leads out of it, whatever the layer or the directory holds.
        form: how it lies on disk.
        below: the layers below, which give implied directories their metadata.
        lower: a merged view of the layers below, for hard links into them; not needed where layers are applied.
        limit: as for `LayerIngest`.

    Returns:
        The DiffID and the file table.

    Raises:
        InvalidLayer: broken, hostile or too large (`UnsafeEntry`, `LayerTooLarge`).
        OutOfSpace: the disk is full.
        StoreError: the file system refuses something.
    """
    with _unpacker(root, form, lower) as unpacker:
        diff_id, table = _take(layer, compression, unpacker, limit)
        unpacker.settle(table, below)
    return diff_id, table


def unpack_ahead(
    layer: BinaryIO, compression: Compression, root: Path, *, form: DiskFormat
) -> tuple[Digest, LayerTOC, bool]:
    """Like `unpack`, before the layers below are known.

    Returns:
        The DiffID, the file table, and whether `root` holds the layer. It does not if the layer needs those below
        (`LayerTOC.needs_parent`); the other two are true all the same.
    """
    with _unpacker(root, form, None, ahead=True) as unpacker:
        diff_id, table = _take(layer, compression, unpacker, None)
        whole = not (unpacker.lost or table.needs_parent)
        if whole:
            unpacker.settle(table, None)
    return diff_id, table, whole


@contextlib.contextmanager
def _unpacker(root: Path, form: DiskFormat, lower: Path | None, *, ahead: bool = False) -> Iterator[Unpacker]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with RootDir(root) as place, contextlib.closing(Unpacker(place, form, lower, ahead=ahead)) as unpacker:
            yield unpacker
    except OSError as error:
        raise _explained(error, root) from error


def _take(layer: BinaryIO, compression: Compression, unpacker: Unpacker, limit: int | None) -> tuple[Digest, LayerTOC]:
    ingest = LayerIngest(compression, limit=limit, recorder=unpacker)
    while chunk := layer.read(_CHUNK):
        ingest.feed(chunk)
    return ingest.finish()


def _explained(error: OSError, root: Path) -> Exception:
    if error.errno in _FULL:
        return OutOfSpace(f"the disk is full: {root} has no room for the layer")
    name = error.filename if isinstance(error.filename, bytes) else os.fsencode(str(error.filename or root))
    if error.errno in (errno.ENAMETOOLONG, errno.E2BIG, errno.ERANGE):
        return InvalidLayer(f"the layer has a name or attribute that is too long for a file system: {show(name)}")
    return StoreError(
        f"cannot unpack {show(name)} into {root}: {error.strerror}",
        hint="Check the permissions of the folder and its file system",
    )
