"""How an unpacked layer lies on disk; together with its DiffID it names what is unpacked."""

from __future__ import annotations

from enum import Enum

import msgspec

__all__ = ["OWNER", "Form", "Owners", "Whiteouts"]

#: Attribute with ``uid:gid`` of an unpacked file that could not be given to its owner. Links cannot have it.
OWNER = "user.dockmagic.owner"


class Owners(Enum):
    """What becomes of owners and device nodes."""

    KEEP = "keep"  # chown and mknod as the layer says: root, or a user namespace with a map
    MINE = "mine"  # everything belongs to who unpacks; device nodes become empty files
    NOTED = "noted"  # the same, and directories, and files that are not root's, have the attribute `OWNER`


class Whiteouts(Enum):
    """What becomes of what a layer removes."""

    APPLY = "apply"  # remove it from the directory: layers are unpacked one over another
    TRUSTED = "trusted"  # overlay's own form, xattrs in trusted.overlay: a layer has a directory of its own
    USER = "user"  # the same, xattrs in user.overlay, for mounts in a user namespace


class Form(msgspec.Struct, frozen=True):
    """How a layer lies on disk.

    Attributes:
        owners: of the files.
        whiteouts: what becomes of removals.
    """

    owners: Owners = Owners.MINE
    whiteouts: Whiteouts = Whiteouts.APPLY

    def __str__(self) -> str:
        return f"{self.owners.value} {self.whiteouts.value}"

    @classmethod
    def parse(cls, text: str) -> Form:
        """What `str` gave."""
        owners, _, whiteouts = text.partition(" ")
        return cls(Owners(owners), Whiteouts(whiteouts))
