"""Owners that files would have if there were more than one user: a table beside the writable layer.

One record is appended for every change, so that several writers need no lock and a kill loses nothing that a program
was told has happened. Of two records of a file the later one holds. Imported by the shim.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from dockmagic.linux.kernel import Identity

__all__ = ["OwnerTable", "RecordedOwner", "admit", "append", "open_table", "read", "set_default"]

_NAME: Final = "owners"
_RECORD: Final = struct.Struct("=QQIIIQ")
_OTHERS: Final = (0, 1)  # no file has this inode
_NOBODY: Final = 0xFFFFFFFF  # what chown(2) takes for "leave it"


class RecordedOwner(NamedTuple):
    """Whose a file would be, and what.

    Attributes:
        uid: owner; -1 to leave what it was.
        gid: group; likewise.
        kind: S_IFCHR or S_IFBLK for a device, else 0.
        device: number of the device.
    """

    uid: int
    gid: int
    kind: int = 0
    device: int = 0


class OwnerTable(NamedTuple):
    """What is noted down of a container.

    Attributes:
        known: owners by inode and birth time.
        default: whose all other new files are.
        others: whether programs have run that may not give files away, so that no mark on a file is to be believed.
    """

    known: dict[tuple[int, int], RecordedOwner]
    default: RecordedOwner
    others: bool


def open_table(folder: str) -> int:
    """A descriptor for `append` to the table of the container in `folder`."""
    return os.open(f"{folder}/{_NAME}", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def append(table: int, identity: Identity, owner: RecordedOwner) -> None:
    """Note down that the file now has this owner."""
    _write(table, identity.inode, identity.born, owner)


def set_default(table: int, uid: int, gid: int) -> None:
    """Record the owner of all files that have no record of their own."""
    _write(table, 0, 0, RecordedOwner(uid, gid))


def admit(table: int) -> None:
    """Note down that a program runs that may not give files away: one that is not root, or has no CAP_CHOWN."""
    _write(table, *_OTHERS, RecordedOwner(0, 0))


def _write(table: int, inode: int, born: int, owner: RecordedOwner) -> None:
    os.write(table, _RECORD.pack(inode, born, owner.uid & _NOBODY, owner.gid & _NOBODY, owner.kind, owner.device))


def read(folder: str) -> OwnerTable:
    """The table of the container in `folder`."""
    try:
        with open(f"{folder}/{_NAME}", "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return OwnerTable({}, RecordedOwner(0, 0), others=False)
    known: dict[tuple[int, int], RecordedOwner] = {}
    unknown = RecordedOwner(-1, -1)
    for inode, born, uid, gid, kind, device in _RECORD.iter_unpack(data[: len(data) - len(data) % _RECORD.size]):
        before = known.get((inode, born), unknown)
        known[inode, born] = RecordedOwner(
            before.uid if uid == _NOBODY else uid,
            before.gid if gid == _NOBODY else gid,
            kind or before.kind,
            device or before.device,
        )
    others = known.pop(_OTHERS, None) is not None
    return OwnerTable(known, known.pop((0, 0), RecordedOwner(0, 0)), others)
