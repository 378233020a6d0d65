"""A tar file's members by name, read in place and from several threads; nothing is ever unpacked to a path."""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import tarfile
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci.errors import InvalidArchive
from dockmagic.oci.spec import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Members"]

_MEMBER_LIMIT: Final = 100_000
_PIECE: Final = 1 << 20


class Members:
    """The regular files of an uncompressed tar, links among them followed.

    Names are looked up in the archive only, so one that leads out of it is merely not there.

    Args:
        file: the tar, with a descriptor that can be read at any place; stays open as long as this is used.

    Raises:
        InvalidArchive: not a tar, truncated, or with two different members of one name.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file  # whose descriptor would close with it
        self._descriptor = file.fileno()
        self._length = os.fstat(self._descriptor).st_size
        self._files: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                for member in tar:
                    self._add(member)
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise InvalidArchive(f"the archive is not a readable tar: {error}", hint=_AGAIN) from None

    def _add(self, member: tarfile.TarInfo) -> None:
        name = posixpath.normpath(member.name)
        if member.issym():
            self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
        elif member.islnk():
            self._links[name] = posixpath.normpath(member.linkname)
        elif member.isreg():
            if member.offset_data + member.size > self._length:
                raise InvalidArchive(f"the archive is truncated in {member.name!r}", hint=_AGAIN)
            place = (member.offset_data, member.size)
            # The first and the last of a name are not the same to every reader, unless they are the same.
            if name in self._files and self._hash(self._files[name]) != self._hash(place):
                raise InvalidArchive(f"the archive is ambiguous: it holds two different {member.name!r}", hint=_AGAIN)
            self._files[name] = place
        if len(self._files) + len(self._links) > _MEMBER_LIMIT:
            raise InvalidArchive(f"the archive has more than {_MEMBER_LIMIT} members, too many for images")

    def _hash(self, place: tuple[int, int]) -> bytes:
        return hashlib.file_digest(io.BufferedReader(_Window(self._descriptor, *place)), "sha256").digest()

    def _place(self, name: str) -> tuple[int, int]:
        wanted = posixpath.normpath(name)
        # One step: what docker has written are links to files.
        wanted = self._links.get(wanted, wanted)
        try:
            return self._files[wanted]
        except KeyError:
            raise InvalidArchive(f"the archive refers to {name!r}, which is not in it", hint=_AGAIN) from None

    def __contains__(self, name: str) -> bool:
        name = posixpath.normpath(name)
        return self._links.get(name, name) in self._files

    def size(self, name: str) -> int:
        """Bytes of a member.

        Raises:
            InvalidArchive: it is not there.
        """
        return self._place(name)[1]

    def open(self, name: str, offset: int = 0) -> io.BufferedReader:
        """Read a member from `offset` on.

        Raises:
            InvalidArchive: it is not there.
        """
        start, size = self._place(name)
        return io.BufferedReader(_Window(self._descriptor, start + offset, max(size - offset, 0)), _PIECE)

    def read(self, name: str) -> bytes:
        """A document as a whole.

        Raises:
            InvalidArchive: it is not there, or longer than a document may be.
        """
        if self.size(name) > DOCUMENT_LIMIT:
            raise InvalidArchive(f"{name!r} of the archive has more than {DOCUMENT_LIMIT} bytes")
        with self.open(name) as stream:
            return stream.read()


_AGAIN: Final = "Save or download it again"


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
