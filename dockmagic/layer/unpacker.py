"""The members of a layer, written into a directory as they come."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidLayer

from .disk_format import OWNER, OwnerPolicy, Whiteouts
from .entry import Entry, EntryType
from .ingest import Recorder
from .root_dir import RootDir
from .whiteout import write_overlay_opaque, write_overlay_whiteout
from .xattr_fallback import set_xattrs

if TYPE_CHECKING:
    from pathlib import Path

    from .disk_format import DiskFormat
    from .header import Header
    from .toc import LayerTOC
    from .tree import FileTree
    from .whiteout import Whiteout

__all__ = ["Unpacker"]

_CHUNK: Final = 1 << 18
_SECOND: Final = 10**9
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NODES: Final = {EntryType.CHARACTER: stat.S_IFCHR, EntryType.BLOCK: stat.S_IFBLK, EntryType.FIFO: stat.S_IFIFO}


class Unpacker(Recorder):
    """Writes members as they come; whatever depends on all of them waits for `settle`.

    Attributes:
        lost: a link leads to what is below, which is not known yet (`ahead`): nothing is written any more.
    """

    def __init__(self, place: RootDir, form: DiskFormat, lower: Path | None, *, ahead: bool) -> None:
        super().__init__()
        self._place = place
        self._keep = form.owners is OwnerPolicy.PRESERVE
        self._note = form.owners is OwnerPolicy.RECORDED
        self._applies = form.whiteouts is Whiteouts.APPLY
        self._user_xattrs = form.whiteouts is Whiteouts.USER
        self._lower = lower
        self._ahead = ahead
        self.lost = False
        self._copied: dict[bytes, bytes] = {}  # targets of loose links, and the first link made of each
        self._file = -1

    def close(self) -> None:
        """Close the file that is being written, if there is one."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def begin(self, header: Header) -> Entry | Whiteout | None:
        """Write what can be written of a member before its content."""
        placed = super().begin(header)
        if placed is None or self.lost:
            return placed
        if not isinstance(placed, Entry):
            if self._applies:
                self._remove(placed)
            return placed
        if placed.type is EntryType.REGULAR:
            self._file = self._create(placed.name)
        elif placed.type is EntryType.DIRECTORY:
            self._place.make(placed.name)
        elif header.type is EntryType.HARDLINK:
            self._link(placed, self.layout.target(header))
        else:
            self._make_node(placed)
        return placed

    def content(self, data: memoryview, last: bool) -> None:  # noqa: FBT001  as `MemberSink` has it
        """Write a file's bytes, and at the end its metadata."""
        super().content(data, last)
        entry = self._entry
        if entry is None or self.lost:
            return
        written = os.write(self._file, data) if data else 0
        while written < len(data):
            written += os.write(self._file, data[written:])
        if last:
            self._dress(self._file, entry)
            self.close()

    def settle(self, table: LayerTOC, below: FileTree | None) -> None:
        """Do what needs the whole layer: whiteouts as files, and the directories' metadata, deepest first."""
        place = self._place
        for name in sorted(table.implied):  # each a step from the one before, not all the way from the root
            place.make(name)
        if not self._applies:
            self._write_whiteouts(table)
        settled = set()
        opaque = set(table.opaque)
        for entry in reversed(table.entries):
            if not entry.is_dir:
                continue
            settled.add(entry.name)
            if entry.name not in table.implied or (opaque and _is_inside(entry.name, opaque)):
                # In an opaque directory an implied one is new, whatever was there in the layers below.
                self._dress(place.directory(entry.name), entry)
            elif entry.name in place.found:
                _restore(place.directory(entry.name), place.found[entry.name])
            else:
                known = below.nodes.get(entry.name) if below is not None else None
                self._dress(place.directory(entry.name), known.entry if known and known.entry.is_dir else entry)
        for name in sorted(place.found.keys() - settled, reverse=True):
            if not name and not self._applies:
                known = below.nodes.get(name) if below is not None else None
                self._dress(place.directory(name), known.entry if known else Entry(b"", EntryType.DIRECTORY))
            else:
                _restore(place.directory(name), place.found[name])

    def _create(self, name: bytes) -> int:
        parent, base = self._place.parent(name)
        try:
            return os.open(base, _NEW, 0o600, dir_fd=parent)
        except FileExistsError:
            self._place.clear(name)
        parent, base = self._place.parent(name)
        return os.open(base, _NEW, 0o600, dir_fd=parent)

    def _make_node(self, entry: Entry) -> None:
        self._place.clear(entry.name)
        parent, base = self._place.parent(entry.name)
        if entry.is_symlink:
            os.symlink(entry.link, base, dir_fd=parent)
            self._dress_node(parent, base, entry)
            return
        is_device = entry.type is not EntryType.FIFO
        # A device with both numbers 0 would be a whiteout to an overlay.
        if is_device and (not self._keep or not (self._applies or entry.major or entry.minor)):
            self._make_placeholder(entry)
            return
        device = os.makedev(entry.major, entry.minor)
        try:
            os.mknod(base, _NODES[entry.type] | 0o600, device, dir_fd=parent)
        except PermissionError:
            if not is_device:
                raise
            self._make_placeholder(entry)
            return
        self._dress_node(parent, base, entry)

    def _make_placeholder(self, entry: Entry) -> None:
        descriptor = self._create(entry.name)
        try:
            self._dress(descriptor, entry)
        finally:
            os.close(descriptor)

    def _link(self, entry: Entry, target: bytes) -> None:
        self._place.clear(entry.name)
        if not self._applies and target not in self.layout.entries:
            if self._ahead:
                self.lost = True
                return
            first = self._copied.get(target)
            if first is None:
                self._copied[target] = entry.name
                self._copy(entry.name, target)
                return
            target = first
        directory, _, base = target.rpartition(b"/")
        try:
            source = os.dup(self._place.directory(directory))
        except OSError:
            raise _dangling(entry) from None
        try:
            if stat.S_ISDIR(os.stat(base, dir_fd=source, follow_symlinks=False).st_mode):
                raise _dangling(entry)
            parent, own = self._place.parent(entry.name)
            os.link(base, own, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            raise _dangling(entry) from None
        finally:
            os.close(source)

    def _copy(self, name: bytes, target: bytes) -> None:
        """Copy a file of the layers below, since a hard link cannot reach it."""
        if self._lower is None:
            raise _dangling(self.layout.entries[name])
        directory, _, base = target.rpartition(b"/")
        with RootDir(self._lower, touch=False) as lower, contextlib.ExitStack() as opened:
            try:
                parent = lower.directory(directory)
                state = os.stat(base, dir_fd=parent, follow_symlinks=False)
                if stat.S_ISLNK(state.st_mode):
                    link = os.readlink(base, dir_fd=parent)
                    own_parent, own = self._place.parent(name)
                    os.symlink(link, own, dir_fd=own_parent)
                    if self._keep:
                        os.chown(own, state.st_uid, state.st_gid, dir_fd=own_parent, follow_symlinks=False)
                    return
                source = os.open(base, _READ | os.O_NONBLOCK, dir_fd=parent)
                opened.callback(os.close, source)
            except OSError:
                raise _dangling(self.layout.entries[name]) from None
            descriptor = self._create(name)
            opened.callback(os.close, descriptor)
            while data := os.read(source, _CHUNK):
                os.write(descriptor, data)
            if self._keep:
                os.fchown(descriptor, state.st_uid, state.st_gid)
            set_xattrs(descriptor, {attribute: os.getxattr(source, attribute) for attribute in os.listxattr(source)})
            os.fchmod(descriptor, stat.S_IMODE(state.st_mode))
            os.utime(descriptor, ns=(state.st_mtime_ns, state.st_mtime_ns))

    def _remove(self, removal: Whiteout) -> None:
        entries = self.layout.entries
        if removal.opaque or removal.name in entries:
            # Whiteouts concern lower layers only (layer.md): what this layer has put there stays.
            self._place.clear(removal.name, keep=entries.__contains__)
        else:
            self._place.clear(removal.name)

    def _write_whiteouts(self, table: LayerTOC) -> None:
        for name in table.whiteouts:
            parent, base = self._place.parent(name)
            write_overlay_whiteout(parent, base)
        for name in table.opaque:
            write_overlay_opaque(self._place.make(name), user_xattrs=self._user_xattrs)

    def _dress(self, descriptor: int, entry: Entry) -> None:
        # In this order: chown drops set-id bits and capabilities, and all of them change nothing but the ctime.
        if self._keep:
            os.fchown(descriptor, entry.uid, entry.gid)
        elif self._note and (entry.uid or entry.gid or entry.is_dir):
            set_xattrs(descriptor, {OWNER: b"%d:%d" % (entry.uid, entry.gid)})
        if entry.xattrs:
            set_xattrs(descriptor, entry.xattrs)
        os.fchmod(descriptor, entry.mode)
        time = entry.mtime * _SECOND
        os.utime(descriptor, ns=(time, time))

    def _dress_node(self, parent: int, base: bytes, entry: Entry) -> None:
        if self._keep:
            os.chown(base, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if not entry.is_symlink:
            os.chmod(base, entry.mode, dir_fd=parent)
        if entry.xattrs:
            set_xattrs(b"/proc/self/fd/%d/%b" % (parent, base), entry.xattrs)
        time = entry.mtime * _SECOND
        os.utime(base, ns=(time, time), dir_fd=parent, follow_symlinks=False)


def _is_inside(name: bytes, folders: set[bytes]) -> bool:
    """Whether a path is below one of some folders."""
    while name:
        name = name.rpartition(b"/")[0]
        if name in folders:
            return True
    return False


def _restore(descriptor: int, before: os.stat_result) -> None:
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
    os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))


def _dangling(entry: Entry) -> InvalidLayer:
    return InvalidLayer(f"{entry.path} is a hard link to {entry.target}, where no file is")
