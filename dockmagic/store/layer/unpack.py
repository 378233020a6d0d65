"""A layer to a directory, never leaving it, as root or as anybody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.media import Compression

    from .table import LayerTable
    from .tree import FileTree

__all__ = ["Form", "Owners", "Whiteouts", "unpack"]


class Owners(Enum):
    """What becomes of owners and device nodes."""

    KEEP = "keep"  # chown and mknod as the layer says: root, or a user namespace with a map
    MINE = "mine"  # everything belongs to who unpacks; device nodes become empty files


class Whiteouts(Enum):
    """What becomes of what a layer removes."""

    APPLY = "apply"  # remove it from the directory: layers are unpacked one over another
    TRUSTED = "trusted"  # overlay's own form, xattrs in trusted.overlay: a layer has a directory of its own
    USER = "user"  # the same, xattrs in user.overlay, for mounts in a user namespace


@dataclass(frozen=True, slots=True)
class Form:
    """How a layer lies on disk.

    Attributes:
        owners: of the files.
        whiteouts: what becomes of removals.
    """

    owners: Owners = Owners.MINE
    whiteouts: Whiteouts = Whiteouts.APPLY


def unpack(
    layer: BinaryIO,
    compression: Compression,
    root: Path,
    *,
    form: Form,
    below: FileTree | None = None,
    lower: Path | None = None,
    limit: int | None = None,
) -> tuple[Digest, LayerTable]:
    """Unpack a layer into `root`, which is made if it is missing.

    Args:
        layer: its compressed bytes, read to the end.
        compression: what its media type claims.
        root: the directory. No path that is written leads out of it, whatever the layer or the directory holds.
        form: how it lies on disk.
        below: the layers below, which give implied directories their metadata.
        lower: a merged view of the layers below, for hard links into them.
        limit: as for `LayerIngest`.

    Returns:
        The DiffID and the file table.

    Raises:
        InvalidLayer: broken, hostile or too large (`UnsafeEntry`, `LayerTooLarge`).
        OutOfSpace: the disk is full.
    """
    raise NotImplementedError
