"""What a driver uses on this machine."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Means"]


class Means(NamedTuple):
    """What a driver uses on this machine.

    Attributes:
        uid_map: rows of (inside, outside, count); empty without a user namespace.
        gid_map: likewise.
        helpers: paths of newuidmap and newgidmap, where they must write the maps.
        program: path of the program that runs containers; empty for none.
    """

    uid_map: tuple[tuple[int, int, int], ...] = ()
    gid_map: tuple[tuple[int, int, int], ...] = ()
    helpers: tuple[str, ...] = ()
    program: str = ""
