"""A directory to a layer: the canonical difference from the layers below."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dockmagic.oci.digest import Digest

    from .table import LayerTable
    from .tree import FileTree
    from .unpack import Form

__all__ = ["pack"]


def pack(
    root: Path,
    below: FileTree,
    out: BinaryIO,
    *,
    form: Form,
    only: Iterable[bytes] | None = None,
    epoch: int | None = None,
) -> tuple[Digest, LayerTable]:
    """Write the layer that turns `below` into the tree at `root`.

    The same difference gives the same bytes on every machine: unchanged files are left out, all parents of changes
    stand before them, removals are explicit whiteouts before their siblings, entries are sorted by name as bytes,
    mtimes are whole seconds, owners are numbers only. Sockets are skipped.

    Args:
        root: the merged tree, as a container sees it.
        below: the tree of the layers below; an empty one packs everything.
        out: where the uncompressed tar goes.
        form: how `root` was unpacked: with `Owners.MINE`, owners of paths below are kept and new ones are root's.
        only: names that may differ, if the caller knows (an overlay's upper directory); None looks at everything.
        epoch: ``SOURCE_DATE_EPOCH``: no mtime is later than this many seconds.

    Returns:
        The DiffID and the file table of the new layer.
    """
    raise NotImplementedError
