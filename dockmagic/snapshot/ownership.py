"""Owners of the files in a writable layer where all of them belong to one user."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING, Final, Self

from dockmagic.layer.disk_format import OWNER
from dockmagic.layer.entry import EntryType
from dockmagic.layer.pack import OwnerRecord
from dockmagic.layer.survey import digest_of
from dockmagic.linux import kernel
from dockmagic.snapshot import ownertable

if TYPE_CHECKING:
    from pathlib import Path

    from .changes import Written
    from .copy_origins import CopyOrigins

__all__ = ["Ownership"]

_UNKNOWN: Final = ownertable.RecordedOwner(-1, -1)
_DEVICES: Final = {stat.S_IFCHR: EntryType.CHARACTER, stat.S_IFBLK: EntryType.BLOCK}


class Ownership:
    """What is known of the owners in one container's writable layer.

    A file that was given to somebody is in the table. One that comes from the image brought a note with it when it was
    copied up. Any other belongs to whom the container runs as. Programs can write such notes, too: where any of them
    may not give files away, a note counts only if the image confirms it.

    Args:
        folder: of the container, with the table.
        upper: the writable layer.
    """

    def __init__(self, folder: Path, upper: Path) -> None:
        self._known, self._default, self._others = ownertable.read(str(folder))
        self._upper = os.open(upper, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._upper)

    def of(self, item: Written, origins: CopyOrigins) -> OwnerRecord:
        """What `item` of the writable layer should be; `origins` knows what it was in the image.

        A file that replaces one of the image's, or backs it up, and was given to root by name tells of a program that
        copied the owner that it saw, as ``useradd`` does with ``/etc/shadow``. Here everybody sees root, so the image's
        owner stays.
        A link or pipe, which can have no note, is still the owner's in the image unless it was given to somebody.
        """
        name, below = item.name, origins.of(item)
        try:
            known = self._known.get(kernel.identify(self._upper, name)[:2], _UNKNOWN)
        except OSError:
            known = _UNKNOWN  # it went away meanwhile
        uid, gid = known.uid, known.gid
        noted = self._noted(name)
        if noted is not None and self._others and not origins.confirms(item, noted, partial(self._digest, name)):
            noted = None
        if below is not None and (noted is None or below.name != name):
            if below.is_file and (uid, gid) == (0, 0):
                uid, gid = below.uid, below.gid
            elif not (below.is_file or below.is_dir):
                noted = below.uid, below.gid
        if uid == -1 or gid == -1:
            before = noted or (self._default.uid, self._default.gid)
            uid, gid = (before[0] if uid == -1 else uid), (before[1] if gid == -1 else gid)
        if known.kind or below is None or not (below.is_device and below.name == name):
            # The kernel's own form of a device number is the one of makedev(3) in its low half.
            return OwnerRecord(uid, gid, _DEVICES.get(known.kind), os.major(known.device), os.minor(known.device))
        return OwnerRecord(uid, gid, below.type, below.major, below.minor)  # an empty file stands for it

    def _noted(self, name: bytes) -> tuple[int, int] | None:
        try:
            note = os.getxattr(b"/proc/self/fd/%d/%b" % (self._upper, name), OWNER, follow_symlinks=False)
            uid, gid = note.split(b":")
            return int(uid), int(gid)
        except (OSError, ValueError):
            return None

    def _digest(self, name: bytes) -> bytes:
        """The digest of a file's content, as `Entry.digest` has it; empty if it has gone."""
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = kernel.open_in_root(self._upper, os.fsdecode(name), flags)
        except OSError:
            return b""
        with open(descriptor, "rb") as file:
            return digest_of(file)
