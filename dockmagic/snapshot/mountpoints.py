"""Paths of the writable layer that exist only because something had to be mounted there. Imported by the shim."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_mountpoints", "remember"]


def read_mountpoints(folder: Path) -> frozenset[bytes]:
    """Those of the container in `folder`; empty ones among them are no change of the container's."""
    try:
        data = (folder / "mountpoints").read_bytes()
    except FileNotFoundError:
        return frozenset()
    return frozenset(name for name in data.split(b"\0") if name)


def remember(folder: str, created: list[str]) -> None:
    """Write down which of them were made for the container in `folder`, as far as they were not there."""
    path = f"{folder}/mountpoints"
    if created:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(name + "\0" for name in created)
