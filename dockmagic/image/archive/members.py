"""The files of an archive by name, read in place and from several threads; nothing is ever unpacked to a path.

An archive is a tar, or the folder that one was unpacked to. Its names are looked up in it alone, so one that leads out
is merely not there.
"""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import stat
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Protocol

from dockmagic.layer.entry import EntryType
from dockmagic.layer.scan import TarScanner
from dockmagic.oci.documents import DOCUMENT_LIMIT
from dockmagic.oci.errors import InvalidArchive, InvalidContent, InvalidInput, NotSupported

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer

    from dockmagic.layer.header import Header

__all__ = ["FolderMembers", "Members", "Tar"]

_MEMBER_LIMIT: Final = 100_000
_NAMES_LIMIT: Final = 16 << 20  # bytes of all names together
_LONGEST_NAME: Final = 4096  # PATH_MAX
_FOLLOWS: Final = 40  # as many links as Linux follows
_SIZE_LIMIT: Final = 1 << 62
_HEAD: Final = 8192
_PIECE: Final = 1 << 20
_AGAIN: Final = "Save or download it again"


class Members(Protocol):
    """The regular files of an archive."""

    def __contains__(self, name: str) -> bool: ...

    def size(self, name: str) -> int:
        """Bytes of a member.

        Raises:
            InvalidArchive: it is not there.
        """
        ...

    def open(self, name: str, offset: int = 0) -> io.BufferedReader[Any]:
        """Read a member from `offset` on.

        Raises:
            InvalidArchive: it is not there.
        """
        ...

    def read(self, name: str) -> bytes:
        """A document as a whole.

        Raises:
            InvalidArchive: it is not there, or longer than a document may be.
        """
        ...


class _Place(NamedTuple):
    """Where a member's content is in the tar."""

    start: int
    size: int


class Tar:
    """The `Members` of an uncompressed tar, links among them followed.

    Args:
        file: the tar, with a descriptor that can be read at any place; stays open as long as this is used.

    Raises:
        InvalidArchive: not a tar, truncated, or with two different members of one name.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file  # whose descriptor would close with it
        self._descriptor = file.fileno()
        self._length = os.fstat(self._descriptor).st_size
        self._files: dict[str, _Place] = {}
        self._links: dict[str, tuple[str, ...]] = {}
        self._names = 0
        scanner = TarScanner(self, _SIZE_LIMIT)
        at = 0
        try:
            while not scanner.ended and (head := os.pread(self._descriptor, _HEAD, at)):
                scanner.feed(head)
                at += len(head) + scanner.skip()
            scanner.finish()
        except (InvalidContent, NotSupported) as error:
            if isinstance(error, InvalidArchive):
                raise
            text = error.message.replace("the layer's tar", "it").replace("the layer", "it")
            raise InvalidArchive(f"the archive is not a readable tar: {text}", hint=_AGAIN) from None

    # The `MemberSink`

    def begin(self, header: Header) -> None:
        """Note where a member is."""
        if len(header.name) > _LONGEST_NAME or len(header.link) > _LONGEST_NAME:
            raise InvalidArchive("the archive has a name of more bytes than Linux allows")
        name = _normal(header.name.decode(errors="surrogateescape"))
        link = header.link.decode(errors="surrogateescape")
        if header.type is EntryType.SYMLINK:
            # From the link's folder, as file systems have it; some vendors' tools mean the archive's root.
            self._links[name] = (posixpath.join(posixpath.dirname(name), link), link)
        elif header.type is EntryType.HARDLINK:
            self._links[name] = (link,)
        elif header.type is EntryType.REGULAR:
            self._add(name, header)
        self._names += len(header.name) + len(header.link)
        if len(self._files) + len(self._links) > _MEMBER_LIMIT or self._names > _NAMES_LIMIT:
            raise InvalidArchive(f"the archive has more than {_MEMBER_LIMIT} members, too many for images")

    def content(self, data: memoryview, last: bool) -> None:  # noqa: FBT001  as `MemberSink` has it
        """Read when it is asked for."""

    def _add(self, name: str, header: Header) -> None:
        if header.sparse is not None:
            raise InvalidArchive(f"{name!r} of the archive is stored with holes", hint="Write it with another tool")
        if header.offset + header.size > self._length:
            raise InvalidArchive(f"the archive is truncated in {name!r}", hint=_AGAIN)
        place = _Place(header.offset, header.size)
        # The first and the last of a name are not the same to every reader, unless they are the same.
        if name in self._files and self._hash(self._files[name]) != self._hash(place):
            raise InvalidArchive(f"the archive is ambiguous: it holds two different {name!r}", hint=_AGAIN)
        self._files[name] = place

    def _hash(self, place: _Place) -> bytes:
        return hashlib.file_digest(io.BufferedReader(_Window(self._descriptor, *place)), "sha256").digest()

    # The `Members`

    def _find(self, name: str, seen: set[str]) -> _Place | None:
        """The file that a name leads to, through links of files and folders."""
        name = _normal(name)
        if name in self._files or name in seen or len(seen) > _FOLLOWS:
            return self._files.get(name)
        seen.add(name)
        head, tail = name, ""
        while head:
            for target in self._links.get(head, ()):
                found = self._find(posixpath.join(target, tail) if tail else target, seen)
                if found is not None:
                    return found
            head, _, last = head.rpartition("/")
            tail = posixpath.join(last, tail) if tail else last
        return None

    def _place(self, name: str) -> _Place:
        found = self._find(name, set())
        if found is None:
            raise _absent(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self._find(name, set()) is not None

    def size(self, name: str) -> int:
        """Bytes of a member, see `Members.size`."""
        return self._place(name).size

    def open(self, name: str, offset: int = 0) -> io.BufferedReader[Any]:
        """Read a member, see `Members.open`."""
        start, size = self._place(name)
        return io.BufferedReader(_Window(self._descriptor, start + offset, max(size - offset, 0)), _PIECE)

    def read(self, name: str) -> bytes:
        """A document, see `Members.read`."""
        return _document(self, name)


class FolderMembers:
    """The `Members` of a folder, such as an image layout; links are followed as long as they stay inside.

    Args:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self._root = path.resolve()

    def _path(self, name: str) -> Path | None:
        try:
            path = (self._root / _normal(name)).resolve()
            inside = path.is_relative_to(self._root) and stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError, RuntimeError):  # absent, a null byte, a circle of links
            return None
        return path if inside else None

    def __contains__(self, name: str) -> bool:
        return self._path(name) is not None

    def size(self, name: str) -> int:
        """Bytes of a member, see `Members.size`."""
        path = self._path(name)
        if path is None:
            raise _absent(name)
        return path.stat().st_size

    def open(self, name: str, offset: int = 0) -> io.BufferedReader[Any]:
        """Read a member, see `Members.open`."""
        path = self._path(name)
        if path is None:
            raise _absent(name)
        try:
            stream = io.BufferedReader(path.open("rb", buffering=0), _PIECE)
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read: {error.strerror}", hint="Check its permissions") from None
        stream.seek(offset)
        return stream

    def read(self, name: str) -> bytes:
        """A document, see `Members.read`."""
        return _document(self, name)


def _normal(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")


def _absent(name: str) -> InvalidArchive:
    return InvalidArchive(f"the archive refers to {name!r}, which is not in it", hint=_AGAIN)


def _document(members: Members, name: str) -> bytes:
    if members.size(name) > DOCUMENT_LIMIT:
        raise InvalidArchive(f"{name!r} of the archive has more than {DOCUMENT_LIMIT} bytes")
    with members.open(name) as stream:
        return stream.read(DOCUMENT_LIMIT)


class _Window(io.RawIOBase):
    """A part of a file, by positioned reads: many may read one descriptor at once."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor = descriptor
        self._place = start
        self._end = start + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)[: self._end - self._place]
        count = os.preadv(self._descriptor, [view], self._place) if len(view) else 0
        if len(view) and not count:
            raise InvalidArchive("the archive became shorter while it was read", hint=_AGAIN)
        self._place += count
        return count
