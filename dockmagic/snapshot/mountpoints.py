"""Paths of the writable layer that exist only because something had to be mounted there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_mountpoints"]


def read_mountpoints(folder: Path) -> frozenset[bytes]:
    """Those of the container in `folder`; empty ones among them are no change of the container's."""
    try:
        data = (folder / "mountpoints").read_bytes()
    except FileNotFoundError:
        return frozenset()
    return frozenset(name for name in data.split(b"\0") if name)
