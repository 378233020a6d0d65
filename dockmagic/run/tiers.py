"""The ways in which this machine may let us run a container, and which of them it does."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput, NotSupported

from .isolation import Isolation, Tier
from .work import work

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.store.home import Home

__all__ = ["choose", "explain"]

_VERSION = 1
_ABOUT = {
    Tier.ROOT: "root, with mounts",
    Tier.SUBID: "a user namespace with the ids that /etc/subuid grants",
}


def _root() -> Isolation:
    if os.geteuid() != 0:
        raise NotSupported("not running as root")
    return Isolation(Tier.ROOT)


def _subid() -> Isolation:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        raise NotSupported("root needs no user namespace")
    helpers = tuple(shutil.which(name) or "" for name in ("newuidmap", "newgidmap"))
    if not all(helpers):
        raise NotSupported("newuidmap is not installed", hint="An administrator can install the package uidmap")
    name = pwd.getpwuid(uid).pw_name
    maps = []
    for file, own in (("/etc/subuid", uid), ("/etc/subgid", gid)):
        granted = _granted(Path(file), name, uid)
        if not granted:
            raise NotSupported(
                f"{file} grants {name} no ids",
                hint="An administrator can run: "
                f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}",
            )
        rows, inside = [(0, own, 1)], 1
        for first, count in granted:
            rows.append((inside, first, count))
            inside += count
        maps.append(tuple(rows))
    return Isolation(Tier.SUBID, maps[0], maps[1], helpers)


def _granted(file: Path, name: str, uid: int) -> list[tuple[int, int]]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        owner, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if owner in (name, str(uid)) and first.isdecimal() and count.isdecimal():
            found.append((int(first), int(count)))
    return found


_MAKERS: dict[Tier, Callable[[], Isolation]] = {Tier.ROOT: _root, Tier.SUBID: _subid}


def _attempt(home: Home, tier: Tier) -> Isolation:
    """The isolation of a tier, after the whole act has been performed in the folder that will hold the layers.

    Raises:
        NotSupported: with the reason.
    """
    isolation = _MAKERS[tier]()
    folder = home.layers
    folder.mkdir(parents=True, exist_ok=True)
    work(isolation, "probe", folder=str(folder))
    return isolation


def _reasons(home: Home) -> tuple[Isolation | None, dict[Tier, NotSupported]]:
    refused: dict[Tier, NotSupported] = {}
    for tier in Tier:
        try:
            return _attempt(home, tier), refused
        except NotSupported as error:
            refused[tier] = error
    return None, refused


def choose(home: Home) -> Isolation:
    """The best tier that works here; ``DOCKMAGIC_TIER`` forces one. The answer is kept until the next boot.

    Raises:
        NotSupported: none works; says why, and what to ask an administrator for.
        InvalidInput: ``DOCKMAGIC_TIER`` is none of them.
    """
    forced = os.environ.get("DOCKMAGIC_TIER", "")
    if forced:
        try:
            tier = Tier(forced)
        except ValueError:
            names = ", ".join(t.value for t in Tier)
            raise InvalidInput(f"DOCKMAGIC_TIER is {forced!r}", hint=f"It is one of {names}") from None
        return _attempt(home, tier)
    key = _circumstances(home)
    cached = home.cache("tier.json")
    try:
        known = json.loads(cached.read_bytes())
        if known.pop("key") == key:
            isolation = _MAKERS[Tier(known["tier"])]()
            if json.loads(json.dumps(asdict(isolation), default=lambda t: t.value)) == known:
                return isolation
    except (OSError, ValueError, KeyError, NotSupported):
        pass
    found, refused = _reasons(home)
    if found is None:
        last = refused[Tier.SUBID]
        raise NotSupported(
            f"no container can run here: {last.message}",
            hint=last.hint or "All that starts no process works: pull, files, diff, push",
        )
    text = json.dumps({"key": key, **asdict(found)}, default=lambda t: t.value)
    home.write(cached, text.encode())
    return found


def _circumstances(home: Home) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{_VERSION} {boot} {os.geteuid()} {os.getegid()} {home.root} {os.uname().release}"


def explain(home: Home) -> list[tuple[str, str]]:
    """Each tier with ``yes`` or the reason why it does not work here, for ``info``."""
    lines = []
    for tier in Tier:
        try:
            _attempt(home, tier)
        except NotSupported as error:
            lines.append((_ABOUT[tier], str(error)))
        else:
            lines.append((_ABOUT[tier], "yes"))
    return lines
