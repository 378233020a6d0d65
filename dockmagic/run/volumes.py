"""Volumes: folders of the home that outlive containers and stay out of images."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.oci.errors import Conflict, InvalidInput, NotFound

from .record import Mount

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic.store.home import Home

__all__ = ["Volume", "anonymous_volume", "create_volume", "find_volume", "remove_volume", "volumes"]

_VALID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume.

    Attributes:
        name: as it was given.
        path: where its files are.
        created: seconds since the epoch.
    """

    name: str
    path: Path
    created: float


def _data(home: Home, name: str) -> Path:
    return home.volumes / name / "_data"


def volumes(home: Home) -> list[Volume]:
    """Every volume, by name."""
    try:
        names = sorted(path.name for path in home.volumes.iterdir())
    except FileNotFoundError:
        return []
    return [find_volume(home, name) for name in names if _data(home, name).is_dir()]


def find_volume(home: Home, name: str) -> Volume:
    """The volume of this name.

    Raises:
        NotFound: there is none.
    """
    path = _data(home, name)
    if _VALID.fullmatch(name) is None or not path.is_dir():
        raise NotFound(f"no such volume: {name}", hint="volume ls lists them")
    return Volume(name, path, path.parent.stat().st_ctime)


def create_volume(home: Home, name: str = "") -> Volume:
    """Make a volume, or find it if it is there; without a name it gets 64 digits.

    Raises:
        InvalidInput: not a name.
    """
    name = name or secrets.token_hex(32)
    if _VALID.fullmatch(name) is None:
        raise InvalidInput(
            f"{name!r} is no name for a volume", hint="Use two or more letters, digits, _ . and -; a path begins with /"
        )
    _data(home, name).mkdir(parents=True, exist_ok=True)
    return find_volume(home, name)


def anonymous_volume(home: Home, target: str) -> Mount:
    """A fresh volume for a ``VOLUME`` of an image or a ``-v /path``; it goes with its container."""
    volume = create_volume(home)
    return Mount(type="volume", target=target, source=str(volume.path), name=volume.name, anonymous=True)


def remove_volume(home: Home, name: str, users: list[str]) -> Path:
    """Take a volume out of sight; the folder that is left to be deleted.

    Args:
        home: where.
        name: of the volume.
        users: names of the containers that use it.

    Raises:
        Conflict: some do.
        NotFound: no such volume.
    """
    volume = find_volume(home, name)
    if users:
        raise Conflict(f"the volume {name} is in use by {', '.join(users)}", hint="Remove the containers first")
    gone = volume.path.parent.with_name(f".gone-{name}-{secrets.token_hex(4)}")
    volume.path.parent.rename(gone)
    return gone
