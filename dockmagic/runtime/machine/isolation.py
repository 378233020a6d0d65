"""How much of a machine a container gets: a tier, with what is needed to use it here."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.layer.form import Form, Owners
from dockmagic.snapshot.table import SNAPSHOTTERS

if TYPE_CHECKING:
    from dockmagic.snapshot.snapshotter import Snapshotter

__all__ = ["Isolation", "Tier"]


class Tier(Enum):
    """How much of a machine a container gets, best first; the value is what ``DOCKMAGIC_TIER`` takes."""

    ROOT = "root"
    SUBID = "subid"
    SINGLE = "single"
    CHROOT = "chroot"
    PROOT = "proot"


class Isolation(msgspec.Struct, frozen=True):
    """One tier on this machine, ready to be used.

    Attributes:
        tier: which.
        uid_map: rows of (inside, outside, count); empty without a user namespace.
        gid_map: likewise.
        helpers: paths of newuidmap and newgidmap, where they must write the maps.
        snapshotter: name of what makes root file systems, of `dockmagic.snapshot.table`.
        proot: path of proot, where it must stand for namespaces.
    """

    tier: Tier
    uid_map: tuple[tuple[int, int, int], ...] = ()
    gid_map: tuple[tuple[int, int, int], ...] = ()
    helpers: tuple[str, ...] = ()
    snapshotter: str = "overlay"
    proot: str = ""

    @property
    def namespaces(self) -> bool:
        """Whether a container has processes and mounts of its own."""
        return self.tier in (Tier.ROOT, Tier.SUBID, Tier.SINGLE)

    @property
    def user_xattrs(self) -> bool:
        """Whether overlay keeps its marks in ``user.overlay``, as it must in a user namespace."""
        return bool(self.uid_map)

    @property
    def keeps_owners(self) -> bool:
        """Whether files can belong to several users; else their owners are only noted down."""
        return self.tier not in (Tier.SINGLE, Tier.PROOT)

    @property
    def needs_worker(self) -> bool:
        """Whether only a worker sees a container's files as their owner does: this process is not that."""
        return bool(self.uid_map) or not self.keeps_owners

    @property
    def snapshots(self) -> Snapshotter:
        """What makes root file systems here."""
        return SNAPSHOTTERS[self.snapshotter]

    @property
    def form(self) -> Form:
        """How layers lie on disk here."""
        owners = Owners.NOTED if self.tier is Tier.SINGLE else Owners.KEEP if self.keeps_owners else Owners.MINE
        return Form(owners, self.snapshots.whiteouts(user_xattrs=self.user_xattrs))

    @property
    def form_name(self) -> str:
        """Name of the folder with the layers of this form: another id map is another form."""
        rows = (*self.uid_map, *self.gid_map)
        name = "map-" + "-".join(f"{outside:x}.{count:x}" for _, outside, count in rows) if rows else "root"
        if not self.keeps_owners and not rows:
            name = "mine"
        return self.snapshots.folder_name(name)

    def inside(self, uid: int, gid: int) -> tuple[int, int]:
        """An owner and a group of this machine as a container sees them."""
        return _inside(self.uid_map, uid), _inside(self.gid_map, gid)

    def record(self) -> dict[str, Any]:
        """As the shim and the worker take it, and as a container keeps it."""
        return {
            "uid_map": [list(row) for row in self.uid_map],
            "gid_map": [list(row) for row in self.gid_map],
            "helpers": list(self.helpers),
            "snapshotter": self.snapshotter,
            "proot": self.proot,
            "userxattr": self.user_xattrs,
            "namespaces": self.namespaces,
            "keeps_owners": self.keeps_owners,
            "form": str(self.form),
        }

    @classmethod
    def of(cls, tier: str, known: dict[str, Any]) -> Isolation:
        """What `record` gave of a tier."""
        return cls(
            Tier(tier),
            tuple(tuple(row) for row in known["uid_map"]),
            tuple(tuple(row) for row in known["gid_map"]),
            tuple(known["helpers"]),
            # Containers of before there were names have only this.
            snapshotter=known.get("snapshotter") or ("copy" if known["copies"] else "overlay"),
            proot=known["proot"],
        )


def _inside(rows: tuple[tuple[int, int, int], ...], number: int) -> int:
    for inside, outside, count in rows:
        if outside <= number < outside + count:
            return inside + number - outside
    return number
