"""A tree into a tar, never leading out of it: the worker's part of ``cp`` from a container and of ``export``."""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.survey import read_xattrs
from dockmagic.layer.write import END, header, padding
from dockmagic.oci.errors import InvalidInput

from .in_rootfs import Rooted

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from dockmagic.layer.pack import OwnerRecord

__all__ = ["read_tar", "top_name"]

_CHUNK: Final = 1 << 20
_PAGE: Final = 1 << 12
_MADE: Final = 1 << 24  # /proc/kallsyms has ten million bytes


def read_tar(
    root: str,
    path: str,
    out: int,
    *,
    name: str = "",
    follow: bool = False,
    told: Mapping[str, OwnerRecord] | None = None,
    skip: Container[str] = frozenset(),
) -> dict[str, Any]:
    """Write a tar of what lies at `path` to the file `out`.

    Extended attributes come along, file capabilities among them. A file that the kernel makes while it is read, as in
    /proc, has in the tar what it had then.

    Args:
        root: of the tree.
        path: inside; links in all but the last place are followed, inside the root only.
        out: descriptor.
        name: of the top member; empty for what `top_name` says.
        follow: whether a link in the last place is followed too.
        told: what is known of members whose files cannot tell, by their names.
        skip: names of files and folders that are left out if they are empty.

    Raises:
        PathNotFound: it is not there.
        InvalidInput: it is a folder in which the kernel shows how things are, as in /proc; or it cannot be read.
    """
    name = name or top_name(path)
    with Rooted(root) as inside:
        descriptor = inside.open(path, follow=follow)
        try:
            status = os.fstat(descriptor)
            folder = stat.S_ISDIR(status.st_mode)
            if folder and status.st_dev in inside.shown_by_kernel():
                raise InvalidInput(
                    f"{path} is not kept anywhere: the kernel shows there how things are", hint="Copy single files"
                )
            with os.fdopen(os.dup(out), "wb", buffering=_CHUNK) as file:
                _Writer(file, told or {}, skip, inside.kernels_own()).tree(descriptor, name)
        finally:
            os.close(descriptor)
    return {"folder": folder, "name": name}


def top_name(path: str) -> str:
    """What the top member of a tar of `path` is called, as docker has it; empty for a root, which has no member."""
    name = os.path.basename(path.rstrip("/"))
    return name if name != ".." else ""


class _Writer:
    """Writes a tree into a tar, folder by folder through descriptors, so that nobody can lead it elsewhere.

    Args:
        out: gets the tar.
        told: what is known of members whose files cannot tell, by their names.
        skip: names of files and folders that are left out if they are empty.
        closed: device and inode of folders below the top that are written without what is in them.
    """

    def __init__(
        self, out: IO[bytes], told: Mapping[str, OwnerRecord], skip: Container[str], closed: Container[tuple[int, int]]
    ) -> None:
        self.out = out
        self.told = told
        self.skip = skip
        self.closed = closed
        self.top = True
        self.seen: dict[tuple[int, int], bytes] = {}

    def tree(self, descriptor: int, name: str) -> None:
        if not name:
            self.top = False
            self._children(f"/proc/self/fd/{descriptor}", "")
        else:
            self._add(descriptor, name)
        self.out.write(END)

    def _add(self, descriptor: int, name: str) -> None:
        status = os.fstat(descriptor)
        through = f"/proc/self/fd/{descriptor}"
        if name in self.skip and not (os.listdir(through) if stat.S_ISDIR(status.st_mode) else status.st_size):
            return  # made for a mount
        entry = self._entry(descriptor, name, status)
        if entry is None:
            return  # sockets are no data
        content = b""
        if entry.type is EntryType.REGULAR and not status.st_blocks and entry.size <= _PAGE:
            # As are all files of proc and sysfs, which have a size of 0 or a page, whatever is in them.
            content = _made(through, name)
            entry = replace(entry, size=len(content))
        self.out.write(header(entry))
        closed = not self.top and (status.st_dev, status.st_ino) in self.closed
        self.top = False
        if content:
            self.out.write(content + padding(entry.size))
        elif entry.type is EntryType.REGULAR:
            self._content(through, entry.size)
        elif entry.is_dir and not closed:
            self._children(through, f"{name}/")

    def _entry(self, descriptor: int, name: str, status: os.stat_result) -> Entry | None:
        kind = EntryType.of(status.st_mode)
        if kind is None:
            return None
        device = status.st_rdev if kind in (EntryType.CHARACTER, EntryType.BLOCK) else 0
        entry = Entry(
            os.fsencode(name),
            kind,
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            status.st_size if kind is EntryType.REGULAR else 0,
            int(status.st_mtime),
            os.readlink(b"", dir_fd=descriptor) if kind is EntryType.SYMLINK else b"",
            major=os.major(device),
            minor=os.minor(device),
            xattrs=read_xattrs(b"/proc/self/fd/%d" % descriptor, name, mode=status.st_mode),
        )
        if (told := self.told.get(name)) is not None:
            entry = replace(entry, uid=told.uid, gid=told.gid)
            if told.type is not None and kind is EntryType.REGULAR and not entry.size:
                return replace(entry, type=told.type, major=told.major, minor=told.minor)
        if kind is EntryType.REGULAR and status.st_nlink > 1:
            first = self.seen.setdefault((status.st_dev, status.st_ino), entry.name)
            if first != entry.name:
                return replace(entry, type=EntryType.HARDLINK, link=first, size=0, xattrs=None)
        return entry

    def _children(self, path: str, prefix: str) -> None:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for child in sorted(os.listdir(folder)):
                try:
                    inner = os.open(child, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                except FileNotFoundError:
                    continue  # a program has removed it meanwhile
                try:
                    self._add(inner, prefix + child)
                finally:
                    os.close(inner)
        finally:
            os.close(folder)

    def _content(self, path: str, size: int) -> None:
        """As many bytes as the file had when it was looked at, whatever is written to it or cut off meanwhile."""
        left = size
        with open(path, "rb", buffering=0) as file:
            while left:
                data = file.read(min(left, _CHUNK)) or bytes(min(left, _CHUNK))
                self.out.write(data)
                left -= len(data)
        self.out.write(padding(size))


def _made(path: str, name: str) -> bytes:
    """All that comes out of a file that may be larger than it seems."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:
            pieces = []
            left = _MADE
            while left > 0 and (data := file.read(_CHUNK)):
                pieces.append(data)
                left -= len(data)
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror}", hint="Leave it out") from None
    if left <= 0:
        raise InvalidInput(f"{name} has no end that the kernel tells of", hint="Leave it out")
    return b"".join(pieces)
