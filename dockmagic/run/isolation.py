"""How much of a machine a container gets: a tier, with what is needed to use it here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from dockmagic.store.layer.form import Form, Owners, Whiteouts

__all__ = ["Isolation", "Tier"]


class Tier(Enum):
    """How much of a machine a container gets; the value is what ``DOCKMAGIC_TIER`` takes."""

    ROOT = "root"
    SUBID = "subid"


@dataclass(frozen=True, slots=True)
class Isolation:
    """One tier on this machine, ready to be used.

    Attributes:
        tier: which.
        uid_map: rows of (inside, outside, count); empty without a user namespace.
        gid_map: likewise.
        helpers: paths of newuidmap and newgidmap, where they must write the maps.
    """

    tier: Tier
    uid_map: tuple[tuple[int, int, int], ...] = ()
    gid_map: tuple[tuple[int, int, int], ...] = ()
    helpers: tuple[str, ...] = ()

    @property
    def user_xattrs(self) -> bool:
        """Whether overlay keeps its marks in ``user.overlay``, as it must in a user namespace."""
        return bool(self.uid_map)

    @property
    def form(self) -> Form:
        """How layers lie on disk here."""
        return Form(Owners.KEEP, Whiteouts.USER if self.user_xattrs else Whiteouts.TRUSTED)

    @property
    def form_name(self) -> str:
        """Name of the folder with the layers of this form: another id map is another form."""
        if not self.uid_map:
            return "root"
        rows = (*self.uid_map, *self.gid_map)
        return "map-" + "-".join(f"{outside:x}.{count:x}" for _, outside, count in rows)

    def record(self) -> dict[str, Any]:
        """As the shim and the worker take it."""
        return {
            "uid_map": [list(row) for row in self.uid_map],
            "gid_map": [list(row) for row in self.gid_map],
            "helpers": list(self.helpers),
            "userxattr": self.user_xattrs,
        }
