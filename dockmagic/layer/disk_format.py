"""How an unpacked layer lies on disk; together with its DiffID it names what is unpacked."""

from __future__ import annotations

from enum import Enum

import msgspec

__all__ = ["OWNER", "DiskFormat", "OwnerPolicy", "Whiteouts"]

#: Attribute with ``uid:gid`` of an unpacked file that could not be given to its owner. Links cannot have it.
OWNER = "user.dockmagic.owner"


class OwnerPolicy(Enum):
    """What becomes of owners and device nodes."""

    PRESERVE = "keep"  # chown and mknod as the layer says: root, or a user namespace with a map
    SQUASH = "mine"  # everything belongs to who unpacks; device nodes become empty files
    RECORDED = "noted"  # the same, and directories, and files that are not root's, have the attribute `OWNER`


class Whiteouts(Enum):
    """What becomes of what a layer removes."""

    APPLY = "apply"  # remove it from the directory: layers are unpacked one over another
    TRUSTED = "trusted"  # overlay's own form, xattrs in trusted.overlay: a layer has a directory of its own
    USER = "user"  # the same, xattrs in user.overlay, for mounts in a user namespace


class DiskFormat(msgspec.Struct, frozen=True):
    """How a layer lies on disk.

    Attributes:
        owners: of the files.
        whiteouts: what becomes of removals.
    """

    owners: OwnerPolicy = OwnerPolicy.SQUASH
    whiteouts: Whiteouts = Whiteouts.APPLY

    def __str__(self) -> str:
        return f"{self.owners.value} {self.whiteouts.value}"

    @classmethod
    def parse(cls, text: str) -> DiskFormat:
        """What `str` gave."""
        owners, _, whiteouts = text.partition(" ")
        return cls(OwnerPolicy(owners), Whiteouts(whiteouts))
