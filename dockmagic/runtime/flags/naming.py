"""Names of containers: which are allowed, and one made up for those who give none."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Container as Holder

__all__ = ["check", "invent", "new_id"]

_VALID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_HOW: Final = [
    "amber",
    "brave",
    "brisk",
    "calm",
    "clear",
    "clever",
    "curious",
    "eager",
    "fair",
    "fine",
    "gentle",
    "glad",
    "golden",
    "happy",
    "honest",
    "jolly",
    "keen",
    "kind",
    "lively",
    "lucky",
    "mellow",
    "merry",
    "nimble",
    "patient",
    "plain",
    "proud",
    "quick",
    "quiet",
    "ready",
    "silver",
    "sly",
    "steady",
    "sunny",
    "swift",
    "tidy",
    "warm",
    "wise",
    "witty",
]
_WHO: Final = [
    "anchor",
    "barge",
    "beacon",
    "brig",
    "buoy",
    "cabin",
    "canoe",
    "capstan",
    "clipper",
    "cutter",
    "deck",
    "dinghy",
    "dock",
    "ferry",
    "frigate",
    "galley",
    "harbor",
    "helm",
    "hull",
    "jetty",
    "keel",
    "ketch",
    "lantern",
    "lighter",
    "mast",
    "mooring",
    "oar",
    "pier",
    "pilot",
    "raft",
    "rudder",
    "sail",
    "schooner",
    "skiff",
    "sloop",
    "tide",
    "tug",
    "yawl",
]


def check(name: str) -> str:
    """`name`, if a container may be called so.

    Raises:
        InvalidInput: it may not.
    """
    if _VALID.fullmatch(name) is None:
        raise InvalidInput(
            f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
            hint="Use two or more letters, digits, _ . and -, beginning with a letter or digit",
        )
    return name


def invent(taken: Holder[str]) -> str:
    """A name that is not in `taken`, such as ``brisk_ferry``."""
    while True:
        name = f"{secrets.choice(_HOW)}_{secrets.choice(_WHO)}"
        if name not in taken:
            return name
        name += secrets.token_hex(2)
        if name not in taken:
            return name


def new_id() -> str:
    """64 hexadecimal digits; never all decimal at the front, as a host name may not be a number."""
    while True:
        text = secrets.token_hex(32)
        if not text[:12].isdecimal():
            return text
