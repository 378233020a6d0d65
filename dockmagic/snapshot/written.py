"""What a container has written: in an overlay's upper folder, or over the copy of its image's files."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from . import copied, upper
from .origins import Origins
from .ownership import Ownership

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.layer.pack import Told
    from dockmagic.layer.tree import FileTree

__all__ = ["writable", "written"]


def writable(folder: Path, isolation: dict[str, Any]) -> Path:
    """Where the writable layer of the container in `folder` is."""
    return folder / ("merged" if isolation["copies"] else "upper")


def written(folder: Path, isolation: dict[str, Any], below: FileTree | None = None) -> list[upper.Written]:
    """Everything in the writable layer of the container in `folder`, each directory before what is in it.

    Args:
        folder: of the container.
        isolation: as `Isolation.record` gives it.
        below: the image's tree, which owners and devices that are only noted down are to be told with; None if they do
            not matter.
    """
    place = writable(folder, isolation)
    with contextlib.ExitStack() as opened:
        told = None
        if not isolation["keeps_owners"] and below is not None:
            ownership, origins = opened.enter_context(Ownership(folder, place)), Origins(below)

            def told(item: upper.Written) -> Told:
                return ownership.of(item, origins)

        return copied.scan(folder, place, told) if isolation["copies"] else upper.scan(place, told)
