"""How much of a machine a container gets: a driver and a snapshotter, with what they use here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.layer.disk_format import DiskFormat, OwnerPolicy
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.snapshot.table import SNAPSHOTTERS

if TYPE_CHECKING:
    from dockmagic.runtime.drivers.driver import Driver
    from dockmagic.snapshot.snapshotter import Snapshotter

__all__ = ["Isolation"]


class Isolation(msgspec.Struct, frozen=True):
    """A driver on this machine, ready to be used, with the snapshotter that works with it.

    Attributes:
        tier: name of the driver, of `dockmagic.runtime.drivers.table`.
        uid_map: rows of (inside, outside, count); empty without a user namespace.
        gid_map: likewise.
        helpers: paths of newuidmap and newgidmap, where they must write the maps.
        program: path of the program that runs containers; empty for none.
        snapshotter: name of what makes root file systems, of `dockmagic.snapshot.table`.
    """

    tier: str
    uid_map: tuple[tuple[int, int, int], ...] = ()
    gid_map: tuple[tuple[int, int, int], ...] = ()
    helpers: tuple[str, ...] = ()
    program: str = ""
    snapshotter: str = "overlay"

    @property
    def driver(self) -> Driver:
        """What runs containers here."""
        return DRIVERS[self.tier]

    @property
    def user_xattrs(self) -> bool:
        """Whether overlay keeps its marks in ``user.overlay``, as it must in a user namespace."""
        return bool(self.uid_map)

    @property
    def keeps_owners(self) -> bool:
        """Whether files can belong to several users; else their owners are only noted down."""
        return self.driver.keeps_owners

    @property
    def needs_worker(self) -> bool:
        """Whether only a worker sees a container's files as their owner does: this process is not that."""
        return bool(self.uid_map) or not self.keeps_owners

    @property
    def snapshots(self) -> Snapshotter:
        """What makes root file systems here."""
        return SNAPSHOTTERS[self.snapshotter]

    @property
    def form(self) -> DiskFormat:
        """How layers lie on disk here."""
        return DiskFormat(OwnerPolicy(self.driver.owners), self.snapshots.whiteouts(user_xattrs=self.user_xattrs))

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
            "tier": self.tier,
            "uid_map": [list(row) for row in self.uid_map],
            "gid_map": [list(row) for row in self.gid_map],
            "helpers": list(self.helpers),
            "snapshotter": self.snapshotter,
            "program": self.program,
            "userxattr": self.user_xattrs,
            "keeps_owners": self.keeps_owners,
            "form": str(self.form),
        }

    @classmethod
    def of(cls, tier: str, known: dict[str, Any]) -> Isolation:
        """What `record` gave of a tier.

        Raises:
            NotSupported: it names what is not in the tables.
        """
        # What has no name in it is of before there were names.
        snapshotter = known.get("snapshotter") or ("copy" if known["copies"] else "overlay")
        if tier not in DRIVERS or snapshotter not in SNAPSHOTTERS:
            raise NotSupported(
                f"this dockmagic knows no tier {tier!r} with the snapshotter {snapshotter!r}",
                hint="Use the one that the container was made with",
            )
        return cls(
            tier,
            tuple(tuple(row) for row in known["uid_map"]),
            tuple(tuple(row) for row in known["gid_map"]),
            tuple(known["helpers"]),
            known["program"] if "program" in known else known["proot"],
            snapshotter,
        )


def _inside(rows: tuple[tuple[int, int, int], ...], number: int) -> int:
    for inside, outside, count in rows:
        if outside <= number < outside + count:
            return inside + number - outside
    return number
