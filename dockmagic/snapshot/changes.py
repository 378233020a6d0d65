"""What a container has written, removed or hidden in its root file system, and how that changes its image."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.pack import OwnerRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.layer.tree import FileTree, Node

__all__ = [
    "FOLDER",
    "Written",
    "WrittenChange",
    "changes",
    "dump",
    "load",
    "names",
    "owned",
    "room",
    "shared_inode",
]

#: How a folder is opened that somebody may replace by a link meanwhile.
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Written(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One path of the writable layer.

    Attributes:
        name: as `Entry.name`.
        mode: st_mode; 0 for a whiteout.
        size: bytes of a regular file.
        mtime: whole seconds.
        uid: as the container sees it.
        gid: as the container sees it.
        opaque: a directory that hides all of the lower ones' content.
        link: target of a symbolic link.
        major: device number.
        minor: device number.
        inode: of a file that has several names; 0 for all else.
    """

    name: bytes
    mode: int
    size: int = 0
    mtime: int = 0
    uid: int = 0
    gid: int = 0
    opaque: bool = False
    link: bytes = b""
    major: int = 0
    minor: int = 0
    inode: int = 0

    @property
    def told(self) -> OwnerRecord:
        """Whose it is, and what device if it is one."""
        kind = EntryType.of(self.mode)
        device = kind if kind in (EntryType.CHARACTER, EntryType.BLOCK) else None
        return OwnerRecord(self.uid, self.gid, device, self.major, self.minor)


class WrittenChange(msgspec.Struct, frozen=True, gc=False):
    """One line of ``diff CONTAINER``.

    Attributes:
        letter: ``A``, ``C`` or ``D``.
        name: as `Entry.name`.
        old: what the image has there, None if nothing.
        new: what the container has there, None if it removed it.
    """

    letter: str
    name: bytes
    old: Node | None
    new: Written | None

    @property
    def path(self) -> str:
        """The absolute path, for people."""
        return "/" + os.fsdecode(self.name)


def owned(item: Written, told: OwnerRecord) -> Written:
    """`item` as what it should be."""
    mode = item.mode
    if told.type is not None and not item.size:
        mode = Entry(item.name, told.type, stat.S_IMODE(mode)).st_mode
        item = msgspec.structs.replace(item, mode=mode, major=told.major, minor=told.minor)
    return msgspec.structs.replace(item, uid=told.uid, gid=told.gid)


def shared_inode(status: os.stat_result) -> int:
    """The inode of a file that has several names; 0 for all else."""
    return status.st_ino if stat.S_ISREG(status.st_mode) and status.st_nlink > 1 else 0


def room(written: Iterable[Written]) -> int:
    """Bytes that the files take; one that has several names is counted once."""
    total, seen = 0, set()
    for item in written:
        if item.inode not in seen:
            total += item.size
        if item.inode:
            seen.add(item.inode)
    return total


def dump(written: list[Written]) -> bytes:
    """For another process."""
    return msgspec.msgpack.encode(written)


def load(data: bytes) -> list[Written]:
    """What `dump` gave."""
    return msgspec.msgpack.decode(data, type=list[Written])


def _is_untouched_mountpoint(item: Written, mountpoints: frozenset[bytes]) -> bool:
    return item.name in mountpoints and item.size == 0


def _hidden(item: Written, tree: FileTree) -> Iterator[bytes]:
    """What of the image is gone below a directory that is opaque, or where a file now stands for a directory."""
    node = tree.nodes.get(item.name)
    if node is not None and node.entry.is_dir and (item.opaque or not stat.S_ISDIR(item.mode)):
        prefix = item.name + b"/"
        yield from (name for name in tree.nodes if name.startswith(prefix))


def names(written: Iterable[Written], tree: FileTree, mountpoints: frozenset[bytes]) -> set[bytes]:
    """Every path that may differ from the image."""
    found: set[bytes] = set()
    for item in written:
        if not _is_untouched_mountpoint(item, mountpoints):
            found.add(item.name)
            found.update(_hidden(item, tree))
    return found


def changes(written: Iterable[Written], tree: FileTree, mountpoints: frozenset[bytes]) -> list[WrittenChange]:
    """What the container has done to its image, as docker lists it, sorted by name.

    A directory counts as changed if its own mode or owner differs, or anything below it has; its time alone is no
    change. What was in one that is gone, or that something else has replaced, is not listed.
    """
    found: dict[bytes, WrittenChange] = {}
    folders: dict[bytes, Written] = {}
    for item in written:
        if _is_untouched_mountpoint(item, mountpoints):
            continue
        old = tree.nodes.get(item.name)
        if not item.mode:
            if old is not None:
                found[item.name] = WrittenChange("D", item.name, old, None)
            continue
        if stat.S_ISDIR(item.mode):
            folders[item.name] = item
        if old is None:
            found[item.name] = WrittenChange("A", item.name, None, item)
        elif not (stat.S_ISDIR(item.mode) and _same_folder(item, old)):
            found[item.name] = WrittenChange("C", item.name, old, item)
        for name in _hidden(item, tree) if stat.S_ISDIR(item.mode) else ():
            found[name] = WrittenChange("D", name, tree.nodes[name], None)
    # In an opaque directory a path may have gone and come back: what was written last holds.
    for item in written:
        if item.mode and (change := found.get(item.name)) is not None and change.letter == "D":
            found[item.name] = WrittenChange("C", item.name, change.old, item)
    for name in list(found):
        above = name.rpartition(b"/")[0]
        while above and above not in found:
            old = tree.nodes.get(above)
            found[above] = WrittenChange("C", above, old, folders.get(above))
            above = above.rpartition(b"/")[0]
    return [found[name] for name in sorted(found, key=lambda name: name.split(b"/"))]


def _same_folder(item: Written, old: Node) -> bool:
    entry = old.entry
    return entry.is_dir and not item.opaque and (entry.st_mode, entry.uid, entry.gid) == (item.mode, item.uid, item.gid)
