"""The ways in which this machine may let us run a container, and which of them it does."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dockmagic.oci.errors import InvalidInput, NotSupported

from . import obstacles
from .isolation import Isolation, Tier

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.store.home import Home

__all__ = ["choose", "explain"]

_VERSION = 3
_ABOUT = {
    Tier.ROOT: "root, with mounts",
    Tier.SUBID: "a user namespace with the ids that /etc/subuid grants",
    Tier.SINGLE: "a user namespace with one id; owners are noted down",
    Tier.CHROOT: "root without mounts: chroot",
    Tier.PROOT: "proot",
}


def _root() -> Isolation:
    if os.geteuid() != 0:
        raise NotSupported("not running as root")
    return Isolation(Tier.ROOT)


def _subid() -> Isolation:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        raise NotSupported("root needs no user namespace")
    import shutil

    helpers = tuple(shutil.which(name) or "" for name in ("newuidmap", "newgidmap"))
    if not all(helpers):
        raise NotSupported("newuidmap is not installed", hint="An administrator can install the package uidmap")
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        raise NotSupported(f"the user {uid} has no name") from None
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


def _single() -> Isolation:
    return Isolation(Tier.SINGLE, ((0, os.geteuid(), 1),), ((0, os.getegid(), 1),))


def _chroot() -> Isolation:
    if os.geteuid() != 0:
        raise NotSupported("not running as root")
    return Isolation(Tier.CHROOT)


def _proot() -> Isolation:
    import shutil

    path = shutil.which("proot")
    if path is None:
        raise NotSupported("proot is not installed", hint="An administrator can install the package proot")
    return Isolation(Tier.PROOT, proot=path)


_MAKERS: dict[Tier, Callable[[], Isolation]] = {
    Tier.ROOT: _root,
    Tier.SUBID: _subid,
    Tier.SINGLE: _single,
    Tier.CHROOT: _chroot,
    Tier.PROOT: _proot,
}


def _attempt(home: Home, tier: Tier) -> tuple[Isolation, str]:
    """The isolation of a tier, after the whole act has been performed in the folder that will hold the layers.

    Returns:
        It, and why no better snapshotter works with it, if so.

    Raises:
        NotSupported: with the reason.
    """
    isolation = _MAKERS[tier]()
    home.make(home.layers)
    if isolation.proot:
        _try_proot(isolation.proot)
    from .work import work

    if isolation.tier is Tier.CHROOT:
        work(isolation, "probe_chroot", folder=str(home.layers))
    answer = work(isolation, "probe", folder=str(home.layers))
    return replace(isolation, snapshotter=answer["snapshotter"]), answer["refusal"]


def _try_proot(path: str) -> None:
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603  (the proot of this machine)
            [path, "-0", "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotSupported(f"proot does not work here: {error}") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()
        raise NotSupported(f"proot does not work here: {lines[0] if lines else 'no reason given'}")


def choose(home: Home) -> Isolation:
    """The best tier that works here; ``DOCKMAGIC_TIER`` forces one. The answer is kept until the next boot.

    Raises:
        NotSupported: none works; says why, and what to ask an administrator for.
        InvalidInput: ``DOCKMAGIC_TIER`` is none of them.
    """
    tiers = _allowed()
    key = f"{_circumstances(home)} {' '.join(tier.value for tier in tiers)}"
    cached = home.cache("tier.json")
    known = home.recall(cached, dict[str, Any]) or {}
    try:
        if known.get("key") == key:
            isolation = replace(_MAKERS[Tier(known["tier"])](), snapshotter=known["isolation"]["snapshotter"])
            if isolation.record() == known["isolation"]:
                return isolation
    except (ValueError, KeyError, TypeError, NotSupported):
        pass
    refused: dict[Tier, NotSupported] = {}
    for tier in tiers:
        try:
            isolation, _ = _attempt(home, tier)
        except NotSupported as error:
            refused[tier] = error
            continue
        text = json.dumps({"key": key, "tier": tier.value, "isolation": isolation.record()})
        home.write(cached, text.encode(), durable=False)
        return isolation
    if len(refused) == 1:
        raise next(iter(refused.values()))
    raise _none_works(refused)


def _allowed() -> list[Tier]:
    forced = os.environ.get("DOCKMAGIC_TIER", "")
    try:
        return [Tier(forced)] if forced else list(Tier)
    except ValueError:
        names = ", ".join(tier.value for tier in Tier)
        raise InvalidInput(f"DOCKMAGIC_TIER is {forced!r}", hint=f"It is one of {names}") from None


def _none_works(refused: dict[Tier, NotSupported]) -> NotSupported:
    # What a user namespace lacks is what an administrator is most likely to give.
    telling = refused[Tier.CHROOT if os.geteuid() == 0 else Tier.SINGLE]
    return NotSupported(
        f"no container can run here: {telling.message}",
        hint=telling.hint or "All that starts no process works: `pull`, `files`, `diff`, `push`",
    )


def _circumstances(home: Home) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    # A filter that this very process has been put under may forbid what others may.
    confined = obstacles.confinement()
    return f"{_VERSION} {boot} {os.geteuid()} {os.getegid()} {home.root} {os.uname().release} {confined}"


def explain(home: Home) -> list[tuple[str, str]]:
    """Each tier with ``yes`` or the reason why it does not work here, for ``info``."""
    lines = []
    for tier in Tier:
        try:
            _, refusal = _attempt(home, tier)
        except NotSupported as error:
            lines.append((_ABOUT[tier], f"{error.message}. {error.hint}" if error.hint else error.message))
        else:
            lines.append((_ABOUT[tier], f"yes, with copies, for {refusal}" if refusal else "yes"))
    return lines
