"""Whiteouts: what removes a path of the layers below, in a layer and in a directory of overlayfs.

In a layer it is an empty file with a reserved name (OCI image specification, layer.md, "Whiteouts"). In a directory
that overlayfs reads or writes it is a character device 0/0, and a directory that hides its lower content has an
extended attribute (the kernel's overlayfs.rst, "whiteouts and opaque directories"). No other module reads or writes
these forms.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.oci.errors import UnsafeEntry

from .header import show

if TYPE_CHECKING:
    from .entry import Entry

__all__ = [
    "Whiteout",
    "has_whiteout_name",
    "is_overlay_opaque",
    "is_overlay_whiteout",
    "is_overlay_whiteout_entry",
    "opaque_name",
    "parse_whiteout",
    "whiteout_name",
    "write_overlay_opaque",
    "write_overlay_whiteout",
]

_PREFIX: Final = b".wh."
_OPAQUE: Final = b".wh..wh..opq"
_META: Final = b".wh..wh."  # AUFS's own files, meaningless to all others


class Whiteout(msgspec.Struct, frozen=True, gc=False):
    """A whiteout.

    Attributes:
        name: what is removed.
        opaque: whether only what is in it goes, and the directory itself stays.
    """

    name: bytes
    opaque: bool


# The form in a layer


def has_whiteout_name(base: bytes) -> bool:
    """Whether the last part of a file's name is reserved for whiteouts, so that no layer can hold such a file."""
    return base.startswith(_PREFIX)


def whiteout_name(name: bytes) -> bytes:
    """The member of a layer that removes the path `name`."""
    parent, slash, base = name.rpartition(b"/")
    return parent + slash + _PREFIX + base


def opaque_name(folder: bytes) -> bytes:
    """The member of a layer that hides the lower content of the directory `folder` ("Opaque Whiteout")."""
    return folder + b"/" + _OPAQUE if folder else _OPAQUE


def parse_whiteout(parent: bytes, base: bytes) -> Whiteout | None:
    """What the file `base`, which `has_whiteout_name`, removes in the directory `parent`; None for nothing.

    Raises:
        UnsafeEntry: it names no file.
    """
    if base == _OPAQUE:
        return Whiteout(parent, opaque=True)
    if base.startswith(_META):
        return None
    base = base.removeprefix(_PREFIX)
    if base in (b"", b".", b".."):
        raise UnsafeEntry(f"the whiteout {show(_PREFIX + base)} in {show(b'/' + parent)} names no file")
    return Whiteout(parent + b"/" + base if parent else base, opaque=False)


# The form in a directory of overlayfs


def is_overlay_whiteout(status: os.stat_result) -> bool:
    """Whether a file is one."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_overlay_whiteout_entry(entry: Entry) -> bool:
    """Whether an entry that was read from a directory is one."""
    return stat.S_ISCHR(entry.st_mode) and entry.major == entry.minor == 0


def write_overlay_whiteout(folder: int, base: bytes) -> None:
    """Make one with the name `base` in an opened directory."""
    os.mknod(base, stat.S_IFCHR, 0, dir_fd=folder)


def is_overlay_opaque(folder: int) -> bool:
    """Whether an opened directory hides what the layers below have in it."""
    for space in ("user", "trusted"):
        try:
            if os.getxattr(folder, f"{space}.overlay.opaque") == b"y":
                return True
        except OSError:
            continue
    return False


def write_overlay_opaque(folder: int, *, user_xattrs: bool) -> None:
    """Make an opened directory hide what the layers below have in it.

    Args:
        folder: its descriptor.
        user_xattrs: take the attribute that is read in a user namespace; else the one that only root may set.
    """
    os.setxattr(folder, "user.overlay.opaque" if user_xattrs else "trusted.overlay.opaque", b"y")
