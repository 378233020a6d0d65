"""The ways in which this machine may let us run a container, and which of them it does."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.runtime.drivers.table import DRIVERS

from . import diagnostics
from .isolation import Isolation

if TYPE_CHECKING:
    from dockmagic.store.home import Home

__all__ = ["choose", "explain"]

_VERSION = 3


def _attempt(home: Home, name: str) -> tuple[Isolation, str]:
    """A driver, after all that it does has been done once in the folder that will hold the layers.

    Returns:
        How it is to be used, and why no better snapshotter works with it, if so.

    Raises:
        NotSupported: with the reason.
    """
    driver = DRIVERS[name]
    means = driver.find()
    driver.attempt(means)
    isolation = Isolation(name, *means)
    home.make(home.layers)
    from .work import work

    answer = work(isolation, "probe", folder=str(home.layers))
    return replace(isolation, snapshotter=answer["snapshotter"]), answer["refusal"]


def choose(home: Home) -> Isolation:
    """The best tier that works here; ``DOCKMAGIC_TIER`` forces one. The answer is kept until the next boot.

    Raises:
        NotSupported: none works; says why, and what to ask an administrator for.
        InvalidInput: ``DOCKMAGIC_TIER`` is none of them.
    """
    names = _allowed()
    key = f"{_circumstances(home)} {' '.join(names)}"
    cached = home.cache("tier.json")
    known = home.recall(cached, dict[str, Any]) or {}
    try:
        if known.get("key") == key:
            isolation = Isolation.of(known["isolation"]["tier"], known["isolation"])
            if isolation == Isolation(isolation.tier, *isolation.driver.find(), isolation.snapshotter):
                return isolation
    except (ValueError, KeyError, TypeError, NotSupported):
        pass
    refused: dict[str, NotSupported] = {}
    for name in names:
        try:
            isolation, _ = _attempt(home, name)
        except NotSupported as error:
            refused[name] = error
            continue
        home.write(cached, json.dumps({"key": key, "isolation": isolation.record()}).encode(), durable=False)
        return isolation
    if len(refused) == 1:
        raise next(iter(refused.values()))
    telling = next(error for name, error in refused.items() if DRIVERS[name].explains)
    raise NotSupported(
        f"no container can run here: {telling.message}",
        hint=telling.hint or "All that starts no process works: `pull`, `files`, `diff`, `push`",
    )


def _allowed() -> list[str]:
    forced = os.environ.get("DOCKMAGIC_TIER", "")
    if forced and forced not in DRIVERS:
        raise InvalidInput(f"DOCKMAGIC_TIER is {forced!r}", hint=f"It is one of {', '.join(DRIVERS)}")
    return [forced] if forced else list(DRIVERS)


def _circumstances(home: Home) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    # A filter that this very process has been put under may forbid what others may.
    confined = diagnostics.confinement()
    return f"{_VERSION} {boot} {os.geteuid()} {os.getegid()} {home.root} {os.uname().release} {confined}"


def explain(home: Home) -> list[tuple[str, str]]:
    """Each tier with ``yes`` or the reason why it does not work here, for ``info``."""
    lines = []
    for name, driver in DRIVERS.items():
        try:
            _, refusal = _attempt(home, name)
        except NotSupported as error:
            lines.append((driver.about, f"{error.message}. {error.hint}" if error.hint else error.message))
        else:
            lines.append((driver.about, f"yes, with copies, for {refusal}" if refusal else "yes"))
    return lines
