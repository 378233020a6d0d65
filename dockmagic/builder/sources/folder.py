"""A folder of this machine as a source, read in place: one component at a time, so that no link leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from blake3 import blake3
from msgspec.structs import replace

from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.root_dir import RootDir
from dockmagic.layer.survey import open_file, xattrs_of
from dockmagic.oci.errors import Conflict, StoreError

from .files import base_of, decoded
from .statcache import Known, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

    from dockmagic.dockerfile import Ignore

    from .statcache import StatCache

__all__ = ["SourceFolder"]

_CHUNK: Final = 1 << 20
_SECOND: Final = 10**9
_ABSENT: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_REGULAR: Final = EntryType.REGULAR
#: A digest that says: not looked into yet.
_UNREAD: Final = b"?"


class SourceFolder:
    """A folder and what is in it, without what is ignored. Owners are root's, as docker has it.

    Args:
        root: the folder; links that lead to it are followed, links in it never lead out.
        known: digests from earlier builds.
        ignore: what does not count; None if everything does.
        label: what it is, for messages.
    """

    owned = False

    def __init__(self, root: Path, known: StatCache, ignore: Ignore | None = None, *, label: str) -> None:
        self.root = root
        self.label = label
        self.known = known
        self.ignore = ignore
        self.looked_at: set[bytes] = set()
        self._inodes: dict[bytes, tuple[int, int]] = {}

    def entry(self, name: bytes) -> Entry | None:
        """What is at `name`; None if nothing is, or it is ignored."""
        with self._place() as place:
            return self._entry(place, name)

    def _entry(self, place: RootDir, name: bytes) -> Entry | None:
        status = place.exists(name)
        if status is None:
            return None
        entry = self._told(place, name, status)
        if name and self._ignored(name) and not (entry.is_dir and any(self._walk(place, name, None))):
            return None
        return entry

    def names(self, directory: bytes) -> list[bytes]:
        """The last components of what is in a directory and not ignored, sorted."""
        with self._place() as place:
            found = [name for name, _ in reversed(self._scan(place, directory))]
            if self.ignore is not None:
                found = [name for name in found if self._entry(place, name) is not None]
            return [base_of(name) for name in found]

    def walk(self, directory: bytes, prune: Callable[[bytes], bool] | None = None) -> Iterator[Entry]:
        """Everything below a directory that is not ignored, sorted so that what is in a directory follows it at once.

        Raises:
            StoreError: something cannot be read.
        """
        with self._place() as place:
            yield from self._walk(place, directory, prune)

    def _walk(self, place: RootDir, directory: bytes, prune: Callable[[bytes], bool] | None) -> Iterator[Entry]:
        waiting: list[Entry] = []  # ignored directories, which are there only if something in them is
        todo = self._scan(place, directory)
        while todo:
            name, status = todo.pop()
            ignored = self._ignored(name)
            is_dir = stat.S_ISDIR(status.st_mode)
            if ignored and (not is_dir or self.ignore is None or self.ignore.prunes(decoded(name))):
                continue
            entry = self._told(place, name, status)
            if ignored:
                waiting.append(entry)
            else:
                while waiting:
                    parent = waiting.pop(0)
                    if name.startswith(parent.name + b"/"):
                        yield parent
                yield entry
            if is_dir and not (prune is not None and prune(name)):
                todo += self._scan(place, name)

    def _scan(self, place: RootDir, directory: bytes) -> list[tuple[bytes, os.stat_result]]:
        """What is in a directory, last one first."""
        prefix = directory + b"/" if directory else b""
        try:
            with os.scandir(place.directory(directory)) as found:
                items = [(prefix + os.fsencode(item.name), item.stat(follow_symlinks=False)) for item in found]
        except OSError as error:
            if error.errno in _ABSENT:
                return []
            raise _unreadable(self.root, directory, error) from error
        items.sort(reverse=True)
        return items

    def _told(self, place: RootDir, name: bytes, status: os.stat_result) -> Entry:
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            return self._told_other(place, name, status)
        # Runs ten thousand times in a build of which nothing has changed.
        self.looked_at.add(name)
        if status.st_nlink > 1:
            self._inodes[name] = (status.st_dev, status.st_ino)
        known = self.known.get(name, state_of(status))
        digest, xattrs = (known.digest, known.xattrs) if known is not None else (_UNREAD, None)
        size, mtime = status.st_size, status.st_mtime_ns // _SECOND
        return Entry(name, _REGULAR, mode & 0o7777, 0, 0, size, mtime, b"", digest, -1, 0, 0, xattrs)

    def _told_other(self, place: RootDir, name: bytes, status: os.stat_result) -> Entry:
        kind = EntryType.of(status.st_mode) or EntryType.REGULAR  # a socket is an empty file, as BuildKit makes of it
        mode = stat.S_IMODE(status.st_mode)
        mtime = status.st_mtime_ns // _SECOND
        if kind is EntryType.REGULAR:
            return Entry(name, kind, mode, mtime=mtime, digest=blake3().digest())
        if kind is EntryType.DIRECTORY:
            known = self.known.get(name, state_of(status))
            xattrs = self._xattrs(place, name, status) if known is None else known.xattrs
            return Entry(name, kind, mode, mtime=mtime, xattrs=xattrs)
        link, device = b"", 0
        if kind is EntryType.SYMLINK:
            parent, _, base = name.rpartition(b"/")
            link, mode = os.readlink(base, dir_fd=place.directory(parent)), 0o777
        elif kind is not EntryType.FIFO:
            device = status.st_rdev
        return Entry(name, kind, mode, mtime=mtime, link=link, major=os.major(device), minor=os.minor(device))

    def _xattrs(self, place: RootDir, name: bytes, status: os.stat_result) -> dict[str, bytes] | None:
        now = self.known.now()
        xattrs = xattrs_of(place, name)
        self.known.put(name, Known(state_of(status), b"", xattrs), now=now)
        return xattrs

    def ignored_by(self, name: bytes) -> str:
        """The line of the ignore file that keeps what is at `name` out; empty if none does, or nothing is there."""
        with self._place() as place:
            there = place.exists(name) is not None
        return self.ignore.reason(decoded(name)) if self.ignore is not None and there else ""

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same entries with their digests; files with several names among them become hard links of the first.

        Raises:
            StoreError: something cannot be read (`Conflict`: it changes meanwhile).
        """
        first: dict[tuple[int, int], Entry] = {}
        result = []
        with self._place() as place:
            for given in entries:
                entry = given
                if entry.digest == _UNREAD:
                    entry = self._read(place, entry)
                inode = self._inodes.get(entry.name) if entry.type is EntryType.REGULAR else None
                if inode is not None:
                    other = first.setdefault(inode, entry)
                    entry = entry if other.name == entry.name else other.linked(entry.name)
                result.append(entry)
        return result

    def _read(self, place: RootDir, entry: Entry) -> Entry:
        now = self.known.now()
        try:
            descriptor = open_file(place, entry.name)
        except OSError as error:
            raise _unreadable(self.root, entry.name, error) from error
        try:
            before = os.fstat(descriptor)
            hasher = blake3()
            while data := os.read(descriptor, _CHUNK):
                hasher.update(data)
            xattrs = xattrs_of(place, entry.name)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if state_of(before) != state_of(after) or not stat.S_ISREG(after.st_mode):
            raise _changes(entry.name)
        self.known.bytes_read += after.st_size
        self.known.put(entry.name, Known(state_of(before), hasher.digest(), xattrs), now=now)
        return replace(
            entry,
            size=after.st_size,
            mode=stat.S_IMODE(after.st_mode),
            mtime=after.st_mtime_ns // _SECOND,
            digest=hasher.digest(),
            xattrs=xattrs,
        )

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these files, in this order.

        Raises:
            Conflict: a file is gone.
            StoreError: a file cannot be read.
        """
        with self._place() as place:
            for entry in entries:
                yield self._content(place, entry)

    def _content(self, place: RootDir, entry: Entry) -> Iterator[Buffer]:
        try:
            descriptor = open_file(place, entry.name)
        except OSError as error:
            if error.errno in _ABSENT:
                raise _changes(entry.name) from error
            raise _unreadable(self.root, entry.name, error) from error
        try:
            while data := os.read(descriptor, _CHUNK):
                yield data
        finally:
            os.close(descriptor)

    def is_plain(self, name: bytes) -> bool:
        """Whether all that is below `name` counts, so that the folder itself shows what `Files` does."""
        return self.ignore is None or not bool(self.ignore) or not self._any_ignored(name)

    def _any_ignored(self, name: bytes) -> bool:
        with self._place() as place:
            return any(self._ignored(below) for below in (name, *place.below(name)) if below)

    def _ignored(self, name: bytes) -> bool:
        return self.ignore is not None and self.ignore.excludes(decoded(name))

    def _place(self) -> RootDir:
        try:
            return RootDir(os.fsencode(self.root), touch=False)
        except OSError as error:
            raise _unreadable(self.root, b"", error) from error


def _unreadable(root: Path, name: bytes, error: OSError) -> StoreError:
    where = os.path.join(root, os.fsdecode(name)) if name else str(root)  # noqa: PTH118 - of any bytes
    return StoreError(
        f"cannot read {where!a}: {error.strerror}",
        hint="Give yourself the right to read it, or name it in .dockerignore",
    )


def _changes(name: bytes) -> Conflict:
    text = name.decode("utf-8", "backslashreplace")
    return Conflict(f"{text} changes while it is read", hint="Stop what writes to it, then repeat")
