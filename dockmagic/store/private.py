"""Keeps what belongs to one user from the machine's other users.

Layers hold programs with set-id bits and folders that everybody may write to, and records hold what ``-e`` was given.
So nobody else may enter a home (CVE-2021-41091). The ids that a container's users have on the machine need no way in:
whoever mounts is root of the container, whose id outside is the owner's.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_MODE", "close", "make"]

#: Of records and logs.
FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_OTHERS: Final = 0o077
_OURS: Final = frozenset(
    ("builds", "cache", "containers", "layers", "leases", "locks", "partial", "registry", "samples", "store", "tables",
     "trash", "version", "volumes")
)  # fmt: skip
_OUR_PREFIXES: Final = ("registry-", ".git.", ".export.", ".version.")


def make(top: Path, folder: Path) -> None:
    """Make `folder`, which lies in `top` or is it, and what is missing above it; only its owner may enter.

    Raises:
        OSError: it cannot be made.
    """
    top.parent.mkdir(parents=True, exist_ok=True)
    for one in (top, *(top / part for part in folder.relative_to(top).parts[:1])):
        with contextlib.suppress(FileExistsError):
            one.mkdir(mode=_FOLDER_MODE)
    close(top, empty=True)
    folder.mkdir(parents=True, exist_ok=True)


def close(top: Path, *, empty: bool = False, own: bool = False) -> None:
    """Take from others what an older version, or the caller's umask, let them do in `top`, if it is there.

    A folder that holds other things too, as ``/tmp`` does, stays as it is; then the folders in it that are ours are
    closed.

    Args:
        top: of a home, or of its scratch folder.
        empty: whether an empty folder is taken for one.
        own: whether it must be the user's own, since others may make a folder of that name.

    Raises:
        StoreError: it must be, and is not.
    """
    if not hasattr(os, "geteuid"):
        return  # Windows: a user's data folder is closed to others there
    try:
        status = top.lstat() if own else top.stat()
        if own and not (stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()):
            raise StoreError(
                f"{top} belongs to somebody else", hint="Set DOCKMAGIC_SCRATCH to a folder that others cannot write to"
            )
        if status.st_uid != os.geteuid() or not status.st_mode & _OTHERS:
            return
        names = [one.name for one in top.iterdir()]
    except OSError:
        return  # not there yet, or not ours to read: then nothing of it is ours to mend
    ours = [name for name in names if name in _OURS or name.startswith(_OUR_PREFIXES)]
    if not (ours or empty):
        return
    alone = len(ours) == len(names)
    for one in [top] if alone else [top / name for name in ours]:
        with contextlib.suppress(OSError):
            found = one.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_mode & _OTHERS:
                one.chmod(_FOLDER_MODE)
