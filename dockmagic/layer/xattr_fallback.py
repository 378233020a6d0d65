"""Extended attributes that cannot be set here, noted down in one that can, so that a layer made later has them.

Without privileges over the whole machine the kernel refuses ``trusted.`` and most of ``security.``, and access lists
(``system.posix_acl_access``) that name somebody whom a user namespace does not know.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING, Final

import msgspec

from .entry import FOREIGN_XATTRS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOTE", "is_portable", "restored", "set_xattrs"]

#: Attribute with those that were refused. It belongs to this machine, and is copied up with its file.
NOTE: Final = "user.dockmagic.xattrs"
_REFUSED: Final = (errno.ENOTSUP, errno.EPERM, errno.EINVAL)
_NO_ROOM: Final = (errno.ENOSPC, errno.E2BIG, errno.ERANGE)
# Set for real wherever containers can be committed. As a note any user of a container could make it up.
_NEVERNOTED: Final = "security.capability"
_NOTED: Final = ("trusted.", "security.", "system.posix_acl_")
_ACCESS: Final = "system.posix_acl_access"
_ACL_ENTRY: Final = struct.Struct("<HHI")  # tag, permissions, user or group (linux/posix_acl_xattr.h)
_ACL_HEADER: Final = 4
_USER_OBJ, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x04, 0x10, 0x20


def set_xattrs(file: int | bytes, xattrs: Mapping[str, bytes], *, follow: bool = False) -> None:
    """Give a file its extended attributes; what is refused is noted down where that can be.

    Args:
        file: descriptor, or path.
        xattrs: by name.
        follow: whether a link in the last place of a path is followed.

    Raises:
        OSError: for another reason than that the kernel or the file system has no such attribute for us.
    """
    refused = {name: value for name, value in xattrs.items() if not _set(file, name, value, follow=follow)}
    refused.pop(_NEVERNOTED, None)
    if refused:
        try:
            _set(file, NOTE, msgspec.msgpack.encode(refused), follow=follow)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise


def _set(file: int | bytes, name: str, value: bytes, *, follow: bool) -> bool:
    try:
        os.setxattr(file, os.fsencode(name), value, follow_symlinks=follow or isinstance(file, int))
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        return False
    return True


def is_portable(name: str) -> bool:
    """Whether an attribute can stand in a layer: it is no machine's own, and a pax record can hold its name.

    A record is ``NAME=VALUE``: what stands behind an equals sign of the name would be read as the value of another
    attribute, such as ``security.capability``.
    """
    return not name.startswith(FOREIGN_XATTRS) and "=" not in name and "\0" not in name


def restored(xattrs: Mapping[str, bytes], mode: int) -> dict[str, bytes]:
    """All attributes that a file should have, given those that it has, and its permission bits."""
    try:
        known = msgspec.msgpack.decode(xattrs[NOTE], type=dict[str, bytes])
    except (KeyError, msgspec.DecodeError):
        return dict(xattrs)
    # Any user of a container could have made the note up: it is worth what could have been noted, and no more.
    known = {name: value for name, value in known.items() if name.startswith(_NOTED) and is_portable(name)}
    known.pop(_NEVERNOTED, None)
    if _ACCESS in known:
        known[_ACCESS] = _with_mode(known[_ACCESS], mode)
    return known | {name: value for name, value in xattrs.items() if name != NOTE}


def _with_mode(acl: bytes, mode: int) -> bytes:
    """An access list after its file got these permission bits: acl(5), "Correspondence between ACL entries and…"."""
    body = acl[_ACL_HEADER:]
    if len(body) % _ACL_ENTRY.size:
        return acl
    rows = list(_ACL_ENTRY.iter_unpack(body))
    group = _MASK if any(tag == _MASK for tag, _, _ in rows) else _GROUP_OBJ
    bits = {_USER_OBJ: mode >> 6 & 7, group: mode >> 3 & 7, _OTHER: mode & 7}
    return acl[:_ACL_HEADER] + b"".join(_ACL_ENTRY.pack(tag, bits.get(tag, perm), who) for tag, perm, who in rows)
