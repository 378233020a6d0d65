"""Volumes: folders of the home that outlive containers and stay out of images."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from typing import TYPE_CHECKING, Annotated

import msgspec

from dockmagic.docker_py import missing_attribute
from dockmagic.oci.errors import Conflict, InvalidInput, NotFound

from .record import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dockmagic.store.home import Home

__all__ = ["VALID_NAME", "Volume", "anonymous_volume", "create_volume", "find_volume", "remove_volume", "volumes"]

VALID_NAME = "[a-zA-Z0-9][a-zA-Z0-9_.-]+"
_VALID = re.compile(VALID_NAME)


class Volume(msgspec.Struct, frozen=True):
    """One volume.

    Attributes:
        name: as it was given.
        path: where its files are.
        created: seconds since the epoch.
        labels: as they were given.
        anonymous: nobody named it.
    """

    if not TYPE_CHECKING:  # type checkers go on refusing unknown names
        __getattr__ = missing_attribute("Volume")

    name: str
    path: Path
    created: float
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    anonymous: bool = False


class _Noted(msgspec.Struct):
    """What stands beside a volume's files."""

    created: Annotated[float, msgspec.Meta(ge=0, lt=1 << 35)] | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    anonymous: bool = False


def volumes(home: Home) -> list[Volume]:
    """Every volume, by name."""
    try:
        names = sorted(path.name for path in home.volumes.iterdir())
    except FileNotFoundError:
        return []
    return [find_volume(home, name) for name in names if (home.volumes / name / "_data").is_dir()]


def find_volume(home: Home, name: str) -> Volume:
    """The volume of this name.

    Raises:
        NotFound: there is none.
    """
    folder = home.volumes / name
    if _VALID.fullmatch(name) is None or not (folder / "_data").is_dir():
        raise NotFound(f"get {name}: no such volume", hint="`volume ls` lists them")
    try:
        known = msgspec.json.decode((folder / "volume.json").read_bytes(), type=_Noted)
    except FileNotFoundError:
        known = _Noted()
    except (OSError, msgspec.DecodeError, RecursionError):
        known = _Noted(labels={"damaged": "its record cannot be read"})
    created = known.created if known.created is not None else folder.stat().st_ctime
    return Volume(name, folder / "_data", created, known.labels, known.anonymous)


def create_volume(
    home: Home, name: str = "", *, labels: Mapping[str, str] | None = None, anonymous: bool = False
) -> Volume:
    """Make a volume, or find it if it is there; without a name it gets 64 digits and is anonymous.

    Raises:
        InvalidInput: not a name.
    """
    import time

    anonymous = anonymous or not name
    name = name or secrets.token_hex(32)
    if _VALID.fullmatch(name) is None:
        raise InvalidInput(
            f'create {name}: "{name}" includes invalid characters for a local volume name, '
            f'only "{VALID_NAME.removesuffix("+")}" are allowed',
            hint="Use two or more letters, digits, _ . and -; a path begins with /",
        )
    folder = home.volumes / name
    if not folder.exists():
        # Whole or not at all: another process may make the same one now.
        building = home.volumes / f".new-{secrets.token_hex(8)}"
        home.make(building)
        (building / "_data").mkdir()
        (building / "_data").chmod(0o755)  # whatever the umask
        known = {"created": time.time(), "labels": dict(labels or {}), "anonymous": anonymous}
        home.write(building / "volume.json", json.dumps(known).encode(), durable=False)
        try:
            building.rename(folder)
        except OSError:
            shutil.rmtree(building)
    return find_volume(home, name)


def anonymous_volume(home: Home, target: str) -> Mount:
    """A fresh volume for a ``VOLUME`` of an image or a ``-v /path``."""
    volume = create_volume(home)
    return Mount(type="volume", target=target, source=str(volume.path), name=volume.name, anonymous=True)


def remove_volume(home: Home, name: str, users: Sequence[str]) -> Path:
    """Take a volume out of sight; the folder that is left to be deleted (`isolation` may be needed for that).

    Args:
        home: where.
        name: of the volume.
        users: IDs of the containers that use it.

    Raises:
        Conflict: some do.
        NotFound: no such volume.
    """
    volume = find_volume(home, name)
    if users:
        raise Conflict(
            f"remove {name}: volume is in use - [{', '.join(users)}]",
            hint=f"Remove the container first: `rm {users[0]}`",
        )
    gone = volume.path.parent.with_name(f".gone-{name}-{secrets.token_hex(4)}")
    volume.path.parent.rename(gone)
    return gone
