"""What lies in a directory, as entries of a layer."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, TYPE_CHECKING, Final

from blake3 import blake3

from dockmagic.oci.errors import NotSupported, StoreError

from .entry import Entry, EntryType
from .header import show
from .whiteout import has_whiteout_name, is_overlay_whiteout_entry
from .xattr_fallback import NOTE, is_portable, restored

if TYPE_CHECKING:
    from .root_dir import RootDir

__all__ = ["Found", "digest", "digest_of", "look", "open_file", "read_xattrs", "xattrs_of"]

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CHUNK: Final = 1 << 20
_SECOND: Final = 10**9


class Found:
    """Something in a directory.

    Attributes:
        entry: what it is, its content not yet digested.
        inode: what tells hard links of one file; None if there is just this one name.
    """

    __slots__ = ("entry", "inode")

    def __init__(self, entry: Entry, inode: tuple[int, int] | None) -> None:
        self.entry = entry
        self.inode = inode

    @property
    def is_whiteout(self) -> bool:
        """Whether it is what overlay puts in place of what was removed."""
        return is_overlay_whiteout_entry(self.entry)


def look(place: RootDir, name: bytes) -> Found | None:
    """What is at `name`; None if nothing, or a socket, which no layer can hold.

    Raises:
        NotSupported: its name means something else in a layer.
    """
    state = place.exists(name)
    if state is None:
        return None
    kind = EntryType.of(state.st_mode)
    if kind is None:
        return None
    base = name.rpartition(b"/")[2]
    if has_whiteout_name(base):
        raise NotSupported(
            f"{show(b'/' + name)} cannot be put in a layer: names that begin with .wh. mean removal there",
            hint="Rename the file",
        )
    link = b""
    if kind is EntryType.SYMLINK:
        parent, base = _where(place, name)
        link = os.readlink(base, dir_fd=parent)
    device = state.st_rdev if kind in (EntryType.CHARACTER, EntryType.BLOCK) else 0
    entry = Entry(
        name,
        kind,
        stat.S_IMODE(state.st_mode),
        state.st_uid,
        state.st_gid,
        state.st_size if kind is EntryType.REGULAR else 0,
        state.st_mtime_ns // _SECOND,
        link,
        major=os.major(device),
        minor=os.minor(device),
        xattrs=xattrs_of(place, name, mode=state.st_mode),
    )
    shared = kind is EntryType.REGULAR and state.st_nlink > 1
    return Found(entry, (state.st_dev, state.st_ino) if shared else None)


def open_file(place: RootDir, name: bytes) -> int:
    """A descriptor of a regular file, for reading."""
    parent, base = _where(place, name)
    return os.open(base, _READ, dir_fd=parent)


def digest(place: RootDir, name: bytes) -> bytes:
    """The digest of a file's content, as `Entry.digest` has it."""
    with open(open_file(place, name), "rb", buffering=0) as file:
        return digest_of(file)


def digest_of(file: IO[bytes]) -> bytes:
    """The same of an open file."""
    hasher = blake3()
    while data := file.read(_CHUNK):
        hasher.update(data)
    return hasher.digest()


def _where(place: RootDir, name: bytes) -> tuple[int, bytes]:
    directory, _, base = name.rpartition(b"/")
    return place.directory(directory), base


def xattrs_of(place: RootDir, name: bytes, *, mode: int | None = None) -> dict[str, bytes] | None:
    """The extended attributes of what is at `name`; see `read_xattrs`."""
    parent, base = _where(place, name)
    # The only way to the attributes of what is not to be opened or followed.
    return read_xattrs(b"/proc/self/fd/%d/%b" % (parent, base), show(b"/" + name), follow=False, mode=mode)


def read_xattrs(path: bytes, name: str, *, follow: bool = True, mode: int | None = None) -> dict[str, bytes] | None:
    """The extended attributes of a file, in name order, without foreign ones; None if there are none.

    Args:
        path: of the file.
        name: of the file, for people.
        follow: whether a link in the last place is followed.
        mode: its permission bits, to have those too that could only be noted down when it was unpacked.

    Raises:
        StoreError: they cannot be read.
    """
    try:
        names = os.listxattr(path, follow_symlinks=follow)
        values = {
            key: os.getxattr(path, key, follow_symlinks=follow)
            for key in sorted(names, key=os.fsencode)
            if is_portable(key) or (key == NOTE and mode is not None)
        }
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOENT):
            return None
        raise StoreError(
            f"cannot read the attributes of {name}: {error.strerror}", hint="Check its permissions"
        ) from error
    if mode is not None and NOTE in values:
        values = dict(sorted(restored(values, mode).items()))
    return values or None
