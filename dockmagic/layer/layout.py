"""Where the members of a layer lie: names made safe, links followed, whiteouts recognised.

A layer is judged by itself, whatever is below it, since unpacked layers are shared between images. Symbolic links of
the layer are followed as a process inside the root would follow them; where a lower layer has a link, a directory takes
its place, as with docker's overlay2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidLayer, LayerTooLarge, UnsafeEntry

from .entry import Entry, EntryType
from .header import show
from .toc import LayerTOC
from .whiteout import has_whiteout_name, parse_whiteout

if TYPE_CHECKING:
    from .header import Header
    from .whiteout import Whiteout

__all__ = ["Layout"]

_PATH_LIMIT: Final = 4096  # PATH_MAX
_LINK_FOLLOWS: Final = 40  # as many as Linux follows
# Bytes of memory, as measured with CPython 3.11 to 3.13.
_ENTRY_WEIGHT: Final = 440  # an entry, without names; a name stands in the table that is written, too
_XATTR_WEIGHT: Final = 150
_PIECE_WEIGHT: Final = 150  # of a sparse file
#: A layer's table may weigh this, and as much again as bytes have come: a large image may have a million files, but a
#: small file cannot fill the memory.
_FREE_WEIGHT: Final = 132 << 20
_WEIGHT_LIMIT: Final = 1 << 30
_STEP_LIMIT: Final = 20_000_000  # directories entered while following links
_UPROOTING_LIMIT: Final = 100  # directories that the same layer puts something else in place of


class Layout:
    """Collects the members of one layer, in the order of its tar.

    Args:
        whiteouts: whether this is a layer, where ``.wh.`` names remove; in other archives they are names like any.

    Attributes:
        entries: what lies where so far; every directory stands before what is in it.
        received: bytes that have come of the layer, compressed as they are.
    """

    def __init__(self, *, whiteouts: bool = True) -> None:
        self._removes = whiteouts
        self.entries: dict[bytes, Entry] = {}
        self.received = 0
        self._directories = {b""}
        self._implied: set[bytes] = set()
        self._whiteouts: dict[bytes, None] = {}
        self._opaque: dict[bytes, None] = {}
        self._loose: dict[bytes, None] = {}
        self._weight = 0
        self._steps = 0
        self._uprootings = 0

    def place(self, header: Header) -> Entry | Whiteout | None:
        """Say what a member means; None if nothing.

        Raises:
            UnsafeEntry: its name or link leads out of the root.
            InvalidLayer: it cannot be where it claims to be.
            LayerTooLarge: there are more entries than a machine can handle.
        """
        name = _normal(header.name)
        if not name:
            return self._place_root(header)
        parent, _, base = name.rpartition(b"/")
        if parent not in self._directories:
            parent = self._enter(parent)
            name = parent + b"/" + base if parent else base
        if self._removes and has_whiteout_name(base):
            return self._remove(parent, base)
        return self._put(name, header)

    def target(self, header: Header) -> bytes:
        """The normalised name that a hard link points to, links on the way followed."""
        name = _normal(_scoped(header.link))
        parent, _, base = name.rpartition(b"/")
        if parent and parent not in self._directories:
            parent = self._follow(parent, make=False)
        return parent + b"/" + base if parent else base

    def table(self, size: int) -> LayerTOC:
        """The file table; `size` is that of the tar in bytes."""
        entries, directories = self.entries, self._directories
        # A whiteout beside an entry of the same name: the entry stays, and hides what is below.
        opaque = {name for name in (*self._opaque, *self._whiteouts) if name in directories}
        whiteouts = [name for name in self._whiteouts if name not in entries]
        return LayerTOC(
            list(entries.values()),
            frozenset(self._implied & directories),
            tuple(sorted(name for name in whiteouts if name.rpartition(b"/")[0] in directories)),
            tuple(sorted(opaque)),
            tuple(name for name in self._loose if name in entries and not entries[name].digest),
            size,
        )

    def _place_root(self, header: Header) -> Entry | None:
        if header.type is not EntryType.DIRECTORY:
            if not self._removes:
                return None  # no layer, and docker passes over it: archives of one folder's files may begin with one
            raise UnsafeEntry(f"an entry puts something that is no directory in place of the root: {show(header.name)}")
        return self._put(b"", header)

    def _put(self, name: bytes, header: Header) -> Entry | None:
        kind = header.type
        if kind is EntryType.HARDLINK:
            entry = self._link(name, header)
            if entry is None:
                return None
        else:
            link = header.link if kind is EntryType.SYMLINK else b""
            offset = header.offset if kind is EntryType.REGULAR else -1
            mode = 0o777 if kind is EntryType.SYMLINK else header.mode  # as Linux has it, whatever the tar says
            entry = Entry(
                name, kind, mode, header.uid, header.gid, header.size, header.mtime, link, b"", offset,
                header.major, header.minor, header.xattrs, header.sparse,
            )  # fmt: skip
        if name in self.entries:
            self._replace(name, entry)
        self._weigh(name, entry)
        if entry.type is EntryType.HARDLINK and not entry.digest:
            self._loose[name] = None
        if kind is EntryType.DIRECTORY:
            self._directories.add(name)
            if self._implied:
                self._implied.discard(name)
        self.entries[name] = entry
        return entry

    def _link(self, name: bytes, header: Header) -> Entry | None:
        target = self.target(header)
        if target == name:
            return None  # GNU tar skips it too
        found = self.entries.get(target)
        if found is None:
            if not target or target in self._directories:
                raise InvalidLayer(f"{show(name)} is a hard link to a directory")
            return Entry(name, EntryType.HARDLINK, header.mode, header.uid, header.gid, 0, header.mtime, target)
        return found.linked(name)

    def _replace(self, name: bytes, entry: Entry) -> None:
        # As each entry would be unpacked over the one before (layer.md says nothing; docker and containerd do so).
        self._loose.pop(name, None)
        if entry.is_dir:
            if name not in self._directories:
                self._opaque[name] = None
        elif name in self._directories:
            self._uproot(name)

    def _uproot(self, name: bytes) -> None:
        self._uprootings += 1
        if self._uprootings > _UPROOTING_LIMIT:
            raise InvalidLayer("the layer makes directories only to replace them, again and again")
        below = name + b"/"
        for gone in [other for other in self.entries if other.startswith(below)]:
            del self.entries[gone]
            self._directories.discard(gone)
            self._loose.pop(gone, None)
        self._directories.discard(name)

    def _remove(self, parent: bytes, base: bytes) -> Whiteout | None:
        removal = parse_whiteout(parent, base)
        if removal is None:
            return None
        if removal.opaque:
            self._opaque[parent] = None
        else:
            self._weigh(removal.name, None)
            self._whiteouts[removal.name] = None
        return removal

    def _weigh(self, name: bytes, entry: Entry | None) -> None:
        weight = _ENTRY_WEIGHT + 2 * len(name)
        if entry is not None:
            weight += 2 * len(entry.link)
            if entry.xattrs:
                weight += sum(_XATTR_WEIGHT + 2 * (len(key) + len(value)) for key, value in entry.xattrs.items())
            if entry.sparse:
                weight += _PIECE_WEIGHT * len(entry.sparse)
        self._weight += weight
        if self._weight > min(_FREE_WEIGHT + self.received, _WEIGHT_LIMIT):
            count = len(self.entries) + len(self._whiteouts)
            raise LayerTooLarge(
                f"the layer has more entries than its {self.received} bytes justify, over {count}",
                hint="The image is damaged or hostile: ask its publisher",
            )

    # Directories, and the links that stand for them

    def _enter(self, name: bytes) -> bytes:
        """The directory that `name` leads to, made with all its parents if it is not there."""
        return self._follow(name, make=True)

    def _follow(self, name: bytes, *, make: bool) -> bytes:
        todo = name.split(b"/")[::-1]
        here = b""
        follows = 0
        while todo:
            part = todo.pop()
            self._steps += 1
            if part in (b"", b"."):
                continue
            if part == b"..":
                here = here.rpartition(b"/")[0]
                continue
            path = here + b"/" + part if here else part
            if path in self._directories:
                here = path
                continue
            entry = self.entries.get(path)
            if entry is None:
                if make:
                    self._imply(path)
                here = path
            elif entry.is_symlink:
                follows += 1
                if follows > _LINK_FOLLOWS or self._steps > _STEP_LIMIT:
                    raise InvalidLayer(f"too many symbolic links on the way to {show(name)}")
                if entry.link.startswith(b"/"):
                    here = b""
                todo += entry.link.split(b"/")[::-1]
            else:
                raise InvalidLayer(f"the layer has entries in {show(path)}, which is not a directory")
        return here

    def _imply(self, name: bytes) -> None:
        if len(name) > _PATH_LIMIT:
            raise InvalidLayer(f"the path {show(name)} has {len(name)} bytes, more than Linux allows")
        self._weigh(name, None)
        self._directories.add(name)
        self._implied.add(name)
        self.entries[name] = Entry(name, EntryType.DIRECTORY)


def _normal(name: bytes) -> bytes:
    """`name` without what a path does not need; ``..`` goes up in the name itself, as Go's path.Clean has it."""
    if name.startswith(b"./"):
        name = name[2:]
    name = name.strip(b"/")
    if b"//" in name or b"/." in name or name.startswith(b"."):
        name = _clean(name)
    if len(name) > _PATH_LIMIT or b"\0" in name:
        raise InvalidLayer(f"the path {show(name)} is longer than Linux allows or has a null byte in it")
    return name


def _clean(name: bytes) -> bytes:
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            if not parts:
                raise UnsafeEntry(f"the path {show(name)} leads out of the root")
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def _scoped(link: bytes) -> bytes:
    # A hard link's target is looked up from the root, where going up changes nothing.
    if b".." not in link:
        return link
    parts: list[bytes] = []
    for part in link.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)
