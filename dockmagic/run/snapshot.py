"""What a container has written: in an overlay's upper folder, or over the copy of its image's files."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from . import copied, upper
from .ownership import Ownership

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["writable", "written"]


def writable(folder: Path, isolation: dict[str, Any]) -> Path:
    """Where the writable layer of the container in `folder` is."""
    return folder / ("merged" if isolation["copies"] else "upper")


def written(folder: Path, isolation: dict[str, Any]) -> list[upper.Written]:
    """Everything in the writable layer of the container in `folder`, each directory before what is in it.

    Args:
        folder: of the container.
        isolation: as `Isolation.record` gives it.
    """
    place = writable(folder, isolation)
    with contextlib.ExitStack() as opened:
        told = None if isolation["keeps_owners"] else opened.enter_context(Ownership(folder, place)).of
        return copied.scan(folder, place, told) if isolation["copies"] else upper.scan(place, told)
