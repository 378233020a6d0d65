"""What differs between two trees, in docker's letters: A(dded), C(hanged), D(eleted)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from .tree import sort_key

if TYPE_CHECKING:
    from .entry import Entry
    from .toc import LayerTOC
    from .tree import FileTree, Node

__all__ = ["Change", "Letter", "compare", "differences", "layer_changes"]


Letter = Literal["A", "C", "D"]


class Change(msgspec.Struct, frozen=True, gc=False):
    """One path that differs.

    Attributes:
        letter: ``A`` added, ``C`` changed, ``D`` deleted.
        name: as in `Entry.name`.
        old: what it was, None if added.
        new: what it is, None if deleted.
    """

    letter: Letter
    name: bytes
    old: Node | None
    new: Node | None

    @property
    def path(self) -> str:
        """The absolute path, for people."""
        return "/" + self.name.decode("utf-8", "surrogateescape")

    @property
    def size(self) -> int:
        """Bytes by which the content grew or, negative, shrank."""
        return (self.new.entry.size if self.new else 0) - (self.old.entry.size if self.old else 0)

    @property
    def aspects(self) -> tuple[str, ...]:
        """What differs in a changed path: among ``type content mode owner mtime link device xattrs``."""
        if self.old is None or self.new is None:
            return ()
        return differences(self.old.entry, self.new.entry)


def differences(old: Entry, new: Entry) -> tuple[str, ...]:
    """In what two entries of one name differ: among ``type content mode owner mtime link device xattrs``.

    A hard link is a file like any other: sharing is no difference.
    """
    found = []
    if old.st_mode >> 12 != new.st_mode >> 12:
        found.append("type")
    elif old.is_symlink and old.link != new.link:
        found.append("link")
    if (old.digest, old.size) != (new.digest, new.size):
        found.append("content")
    if old.mode != new.mode:
        found.append("mode")
    if (old.uid, old.gid) != (new.uid, new.gid):
        found.append("owner")
    if old.mtime != new.mtime:
        found.append("mtime")
    if (old.major, old.minor) != (new.major, new.minor):
        found.append("device")
    if old.xattrs != new.xattrs:
        found.append("xattrs")
    return tuple(found)


def compare(old: FileTree, new: FileTree, *, times: bool = True) -> list[Change]:
    """Every path that differs, sorted so that what is in a directory follows it at once.

    Args:
        old: the tree to start from.
        new: the tree to arrive at.
        times: whether another mtime alone is a difference. A directory's never is: it changes with its content.
    """
    changes = []
    before, after = old.nodes, new.nodes
    for name, node in after.items():
        other = before.get(name)
        if other is None:
            changes.append(Change("A", name, None, node))
        elif other.entry is not node.entry and _differ(other.entry, node.entry, times=times):
            changes.append(Change("C", name, other, node))
    changes += [Change("D", name, before[name], None) for name in before.keys() - after.keys()]
    changes.sort(key=_order)
    return changes


def layer_changes(below: FileTree, table: LayerTOC, layer: int = 0) -> list[Change]:
    """What a layer does to the tree below it, sorted as `compare` does.

    A file that the layer writes again unchanged counts as changed, as its bytes are in the layer; a directory does not,
    as it is only there for what is in it.

    Args:
        below: the tree of the layers below.
        table: the layer's.
        layer: its index, for the new nodes.
    """
    above = below.stack(table, layer)
    changes = []
    for entry in table.entries:
        old, new = below.nodes.get(entry.name), above.nodes[entry.name]
        if old is None:
            changes.append(Change("A", entry.name, None, new))
        elif old is not new and not (entry.is_dir and not _differ(old.entry, entry, times=False)):
            changes.append(Change("C", entry.name, old, new))
    changes += [
        Change("D", removal.node.entry.name, removal.node, None)
        for removal in above.removed[len(below.removed) :]
        if removal.node.entry.name not in above.nodes
    ]
    changes.sort(key=_order)
    return changes


def _differ(old: Entry, new: Entry, *, times: bool) -> bool:
    if old == new:  # compared in C, and most are
        return False
    found = differences(old, new)
    return bool(found) and (found != ("mtime",) or (times and not new.is_dir))


def _order(change: Change) -> bytes:
    return sort_key(change.name)
