"""A directory to a layer: the canonical difference from the layers below."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from blake3 import blake3
from msgspec.structs import replace

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import Conflict, StoreError

from .compare import differences
from .disk_format import OwnerPolicy, Whiteouts
from .entry import EntryType
from .header import show
from .root_dir import RootDir
from .survey import digest, look, open_file
from .toc import LayerTOC
from .tree import sort_key
from .write import END, header, in_order, padding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from typing_extensions import Buffer

    from .disk_format import DiskFormat
    from .entry import Entry
    from .tree import FileTree

__all__ = ["OwnerRecord", "pack"]

_CHUNK: Final = 1 << 20


class OwnerRecord(NamedTuple):
    """What is known of a file that could not be made what it should be.

    Attributes:
        uid: owner.
        gid: group.
        type: what an empty regular file stands for; None for itself.
        major: device number.
        minor: device number.
    """

    uid: int
    gid: int
    type: EntryType | None = None
    major: int = 0
    minor: int = 0


def pack(
    root: Path,
    below: FileTree,
    out: BinaryIO,
    *,
    form: DiskFormat,
    only: Iterable[bytes] | None = None,
    recorded: Mapping[bytes, OwnerRecord] | None = None,
    epoch: int | None = None,
) -> tuple[Digest, LayerTOC]:
    """Write the layer that turns `below` into the tree at `root`.

    The same difference gives the same bytes on every machine: unchanged files are left out, all parents of changes
    stand before them, removals are explicit whiteouts before their siblings, entries are sorted by name as bytes,
    mtimes are whole seconds, owners are numbers only. Sockets are skipped.

    Args:
        root: the merged tree, as a container sees it; or an overlay's upper directory, with `only`.
        below: the tree of the layers below; an empty one packs everything.
        out: where the uncompressed tar goes.
        form: how `root` was unpacked: except with `OwnerPolicy.PRESERVE`, owners of paths below stay and new ones are
            root's.
        only: names that may differ, if the caller knows (an overlay's upper directory); None looks at everything.
        recorded: except with `OwnerPolicy.PRESERVE`, what is known better.
        epoch: ``SOURCE_DATE_EPOCH``: no mtime is later than this many seconds.

    Returns:
        The DiffID and the file table of the new layer.

    Raises:
        StoreError: something cannot be read (`Conflict`: it changes meanwhile).
        NotSupported: a name that no layer can hold.
    """
    clamp = _Clamp(epoch)
    tar = _Tar(out)
    try:
        with RootDir(root, touch=False) as place:
            difference = _difference(place, below, _Dresser(form, recorded or {}), only, clamp)
            for entry in in_order(difference.entries.values(), difference.whiteouts):
                tar.add(place, entry, listed=entry.name in difference.entries)
    except PermissionError as error:
        raise StoreError(
            f"cannot read {show(os.fsencode(error.filename or root))} below {root}: {error.strerror}",
            hint="Give yourself the right to read it, then repeat",
        ) from error
    return tar.finish(difference.whiteouts)


class _Tar:
    """A layer's tar as it is written, and the file table that reading it would give."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self._waiting: list[Buffer] = []
        self._held = 0
        self._size = 0
        self._entries: dict[bytes, Entry] = {}

    def add(self, place: RootDir, entry: Entry, *, listed: bool) -> None:
        """Write a member; it is `listed` in the file table unless it is a whiteout."""
        self._write(header(entry))
        offset = self._size if entry.type is EntryType.REGULAR else -1
        found = self._content(place, entry) if entry.type is EntryType.REGULAR else b""
        if not listed:
            return
        if entry.type is EntryType.HARDLINK:
            entry = self._entries[entry.link].linked(entry.name)
        else:
            entry = replace(entry, digest=found, offset=offset)
        self._entries[entry.name] = entry

    def _content(self, place: RootDir, entry: Entry) -> bytes:
        """Write what a regular file contains; its digest."""
        if not entry.size:
            return blake3().digest()
        descriptor = open_file(place, entry.name)
        try:
            # One byte more than there should be, to see that it is the end.
            data = os.read(descriptor, min(entry.size + 1, _CHUNK))
            if len(data) == entry.size:
                found = blake3(data).digest()
                self._write(data)
                todo = 0
            else:
                found, todo = self._pieces(descriptor, data, entry.size)
        finally:
            os.close(descriptor)
        if todo:
            raise Conflict(f"{entry.path} changes while it is read", hint="Stop what writes to it, then repeat")
        self._write(padding(entry.size))
        return found

    def _pieces(self, descriptor: int, data: bytes, todo: int) -> tuple[bytes, int]:
        hasher = blake3()
        while data and todo >= 0:
            todo -= len(data)
            hasher.update(data)
            self._write(data)
            data = os.read(descriptor, _CHUNK)
        return hasher.digest(), todo

    def _write(self, data: Buffer) -> None:
        length = len(data)  # type: ignore[arg-type]  # bytes, all of them
        self._waiting.append(data)
        self._held += length
        self._size += length
        if self._held >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        # Thousands of small pieces at once: each call costs more than its bytes.
        data = b"".join(self._waiting)
        self._waiting, self._held = [], 0
        self._hash.update(data)
        self._out.write(data)

    def finish(self, whiteouts: Iterable[bytes]) -> tuple[Digest, LayerTOC]:
        """The DiffID and the file table, after the last member."""
        self._write(END)
        self._flush()
        table = LayerTOC(list(self._entries.values()), frozenset(), tuple(sorted(whiteouts)), (), (), self._size)
        return Digest.from_hex(self._hash.hexdigest()), table


class _Clamp:
    """Holds mtimes down to ``SOURCE_DATE_EPOCH``."""

    def __init__(self, epoch: int | None) -> None:
        self._epoch = epoch

    def __call__(self, mtime: int) -> int:
        return mtime if self._epoch is None else min(mtime, self._epoch)


class _Dresser:
    """Gives entries the owners, attributes and types that they would have where all of that can be kept."""

    def __init__(self, form: DiskFormat, recorded: Mapping[bytes, OwnerRecord]) -> None:
        self._owners = form.owners
        self._recorded = recorded
        self.in_overlay = form.whiteouts is not Whiteouts.APPLY

    def __call__(self, entry: Entry, old: Entry | None) -> Entry:
        if self._owners is OwnerPolicy.PRESERVE:
            return entry
        record = self._recorded.get(entry.name)
        if record is None:
            record = OwnerRecord(old.uid, old.gid) if old is not None else OwnerRecord(0, 0)
        entry = replace(entry, uid=record.uid, gid=record.gid)
        if entry.type is EntryType.REGULAR and not entry.size:
            # What stands for a device where none can be made.
            if record.type is not None:
                entry = replace(entry, type=record.type, major=record.major, minor=record.minor)
            elif old is not None and old.type in (EntryType.CHARACTER, EntryType.BLOCK):
                entry = replace(entry, type=old.type, major=old.major, minor=old.minor)
        if old is None or self._owners is OwnerPolicy.RECORDED:
            return entry
        xattrs = {key: value for key, value in (old.xattrs or {}).items() if not key.startswith("user.")}
        xattrs |= entry.xattrs or {}
        return replace(entry, xattrs=dict(sorted(xattrs.items())) or None)


class _Difference:
    """What the layer will say."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.whiteouts: list[bytes] = []


def _difference(
    place: RootDir, below: FileTree, owned: _Dresser, only: Iterable[bytes] | None, clamp: _Clamp
) -> _Difference:
    result = _Difference()
    names = {b"", *(place.below(b"") if only is None else only)}
    groups: dict[tuple[int, int], list[Entry]] = {}
    changed: dict[bytes, Entry] = {}
    gone = []
    for name in names:
        found = look(place, name)
        if found is None or (owned.in_overlay and found.is_whiteout):
            gone.append(name)
            continue
        node = below.nodes.get(name)
        old = node.entry if node is not None else None
        entry = owned(found.entry, old)
        if found.inode is not None:
            groups.setdefault(found.inode, []).append(entry)
        if _is_changed(place, entry, old, clamp):
            changed[name] = entry
    if only is None:
        gone += [name for name in below.nodes if name not in names]
    _add_links(groups, changed)
    for name, entry in changed.items():
        result.entries[name] = replace(entry, mtime=clamp(entry.mtime))
    result.whiteouts = _removals(place, below, gone)
    _add_parents(place, below, owned, result, clamp)
    return result


def _is_changed(place: RootDir, entry: Entry, old: Entry | None, clamp: _Clamp) -> bool:
    if old is None:
        return True
    found = set(differences(old, entry)) - {"content"}
    if entry.is_dir or old.mtime == clamp(entry.mtime):
        found.discard("mtime")  # a directory's changes with its content, and says nothing
    if found or not (entry.is_file and old.is_file):
        return bool(found)
    return entry.size != old.size or digest(place, entry.name) != old.digest


def _add_links(groups: dict[tuple[int, int], list[Entry]], changed: dict[bytes, Entry]) -> None:
    """If one name of a file is written all are, so that they stay one file."""
    for links in groups.values():
        if not any(entry.name in changed for entry in links):
            continue
        first, *others = sorted(links, key=lambda entry: sort_key(entry.name))
        changed[first.name] = first
        for entry in others:
            changed[entry.name] = first.linked(entry.name)


def _removals(place: RootDir, below: FileTree, gone: Iterable[bytes]) -> list[bytes]:
    """Of the names that are gone, the highest ones, whose directories are still there."""
    whiteouts = []
    for name in gone:
        parent = name.rpartition(b"/")[0]
        if name and name in below.nodes and below.nodes[parent].entry.is_dir:
            state = place.exists(parent)
            if state is not None and stat.S_ISDIR(state.st_mode):
                whiteouts.append(name)
    return whiteouts


def _add_parents(place: RootDir, below: FileTree, owned: _Dresser, result: _Difference, clamp: _Clamp) -> None:
    for name in [*result.entries, *result.whiteouts]:
        parent = name.rpartition(b"/")[0]
        while parent and parent not in result.entries:
            found = look(place, parent)
            if found is None:  # it went away under our hands
                break
            node = below.nodes.get(parent)
            entry = owned(found.entry, node.entry if node else None)
            result.entries[parent] = replace(entry, mtime=clamp(entry.mtime))
            parent = parent.rpartition(b"/")[0]
