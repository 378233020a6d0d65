"""One member of a layer: a file, directory, link or node (image specification, layer.md, "Change Types")."""

from __future__ import annotations

import stat
from enum import IntEnum
from typing import Final

import msgspec

from dockmagic.oci.errors import InvalidLayer

__all__ = ["FOREIGN_XATTRS", "Entry", "EntryType"]

#: Beginnings of the extended attributes that belong to a machine, not to an image, and are neither read from layers nor
#: written. Overlay's own could mislead a mount, ours a commit; labels and foreign access lists mean nothing elsewhere.
FOREIGN_XATTRS: Final = ("trusted.overlay.", "user.overlay.", "user.dockmagic.", "security.selinux", "system.nfs4_acl")


class EntryType(IntEnum):
    """What an entry is; the value is the digit of its tar type flag."""

    REGULAR = 0
    HARDLINK = 1
    SYMLINK = 2
    CHARACTER = 3
    BLOCK = 4
    DIRECTORY = 5
    FIFO = 6

    @classmethod
    def of(cls, st_mode: int) -> EntryType | None:
        """What the file type bits of `os.stat` mean; None for a socket, which no layer can hold."""
        return _KINDS.get(stat.S_IFMT(st_mode))


_FORMAT: Final = {
    EntryType.REGULAR: stat.S_IFREG,
    EntryType.HARDLINK: stat.S_IFREG,
    EntryType.SYMLINK: stat.S_IFLNK,
    EntryType.CHARACTER: stat.S_IFCHR,
    EntryType.BLOCK: stat.S_IFBLK,
    EntryType.DIRECTORY: stat.S_IFDIR,
    EntryType.FIFO: stat.S_IFIFO,
}
_KINDS: Final = {number: kind for kind, number in _FORMAT.items() if kind is not EntryType.HARDLINK}


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False, omit_defaults=True):
    """One path of a layer.

    Attributes:
        name: the path from the root, normalised: no slash at either end; the root itself is empty.
        type: what it is.
        mode: permission bits with set-id and sticky bits, no file type (`st_mode` has both).
        uid: owner's number.
        gid: group's number.
        size: bytes of content; a hard link has its target's.
        mtime: whole seconds since the epoch.
        link: target of a symbolic link as written; of a hard link, the normalised name of its target.
        digest: 32 bytes of BLAKE3 over the content of a regular file; empty for anything else, and for a hard link
            whose target is not in its layer. Two files have equal content if and only if they have equal digests.
        offset: where the content begins in the uncompressed tar, in bytes; -1 if there is none to read.
        major: device number.
        minor: device number.
        xattrs: extended attributes, by name in name order; None if there are none.
        sparse: of a file that is stored with holes, offset and length in bytes of each piece that the tar has, from
            `offset` on; None if the content is stored whole.
    """

    name: bytes
    type: EntryType
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    link: bytes = b""
    digest: bytes = b""
    offset: int = -1
    major: int = 0
    minor: int = 0
    xattrs: dict[str, bytes] | None = None
    sparse: tuple[tuple[int, int], ...] | None = None

    @property
    def path(self) -> str:
        """The absolute path, for people: ``/etc/passwd``. Bytes that are not UTF-8 become lone surrogates."""
        return "/" + self.name.decode("utf-8", "surrogateescape")

    @property
    def target(self) -> str:
        """`link`, for people: as written in a symbolic link, absolute for a hard link."""
        text = self.link.decode("utf-8", "surrogateescape")
        return "/" + text if self.type is EntryType.HARDLINK else text

    @property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return self.type is EntryType.DIRECTORY

    @property
    def is_file(self) -> bool:
        """Whether it has content: a regular file or a hard link."""
        return self.type <= EntryType.HARDLINK

    @property
    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return self.type is EntryType.SYMLINK

    @property
    def is_device(self) -> bool:
        """Whether it is a device node."""
        return self.type in (EntryType.CHARACTER, EntryType.BLOCK)

    @property
    def st_mode(self) -> int:
        """File type and permission bits together, as `os.stat` gives them; `stat.filemode` prints it."""
        return _FORMAT[self.type] | self.mode

    def linked(self, name: bytes) -> Entry:
        """A hard link to this entry, under `name`: it shares everything but the name.

        Raises:
            InvalidLayer: this is a directory.
        """
        if self.type is EntryType.DIRECTORY:
            raise InvalidLayer(f"{name!r} is a hard link to a directory")
        kind, link = self.type, self.link
        if kind is EntryType.REGULAR:
            kind, link = EntryType.HARDLINK, self.name
        # A second name of a symbolic link, pipe or device is just another one of its kind.
        return Entry(
            name, kind, self.mode, self.uid, self.gid, self.size, self.mtime, link, self.digest, self.offset,
            self.major, self.minor, self.xattrs, self.sparse,
        )  # fmt: skip
