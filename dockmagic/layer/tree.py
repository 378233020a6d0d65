"""Layers stacked to one tree: what a container would see, and where each path comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.oci.errors import PathNotFound

from .entry import Entry, EntryType
from .node import Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from dockmagic.rows import FileRow, Rows

    from .toc import LayerTOC

__all__ = ["FileTree", "Node", "Removed", "sort_key"]


class Removed(msgspec.Struct, frozen=True, gc=False):
    """What a layer took away: by a whiteout, an opaque directory, or a file in a directory's place.

    Attributes:
        layer: index of the layer that removed it.
        node: what was there.
    """

    layer: int
    node: Node


class FileTree:
    """An immutable view of stacked layers. Names are normalised bytes as in `Entry.name`; the root is ``b""``.

    Attributes:
        nodes: every path, the root included, each directory before what is in it.
        removed: everything that some layer removed, in the order of layers.
    """

    __slots__ = ("_children", "_sorted", "nodes", "removed")

    nodes: Mapping[bytes, Node]
    removed: tuple[Removed, ...]

    def __init__(self) -> None:
        self.nodes = {b"": _ROOT}
        self.removed = ()
        self._children: dict[bytes, list[bytes]] | None = None
        self._sorted: list[bytes] | None = None

    @classmethod
    def of(cls, tables: Iterable[LayerTOC]) -> FileTree:
        """The tree of these layers, base first."""
        nodes = {b"": _ROOT}
        removed: list[Removed] = []
        for layer, table in enumerate(tables):
            _apply(nodes, removed, table, layer)
        return cls._made(nodes, removed)

    def rows(self) -> Rows[FileRow]:
        """One row per path below the root, as ``files`` shows them, without the instructions."""
        from dockmagic.rows import FileRow, Rows

        return Rows(FileRow, (node.row() for node in self.walk() if node.entry.name))

    def to_frame(self) -> pd.DataFrame:
        """The `rows` as a DataFrame."""
        return self.rows().to_frame()

    def stack(self, table: LayerTOC, layer: int) -> FileTree:
        """This tree with one more layer on top; `layer` is that layer's index."""
        nodes = dict(self.nodes)
        removed = list(self.removed)
        _apply(nodes, removed, table, layer)
        return self._made(nodes, removed)

    @classmethod
    def _made(cls, nodes: dict[bytes, Node], removed: list[Removed]) -> FileTree:
        tree = cls()
        tree.nodes = nodes
        tree.removed = tuple(removed)
        return tree

    def __len__(self) -> int:
        """How many paths there are, the root not counted."""
        return len(self.nodes) - 1

    def __iter__(self) -> Iterator[Node]:
        """Every path but the root, sorted so that what is in a directory follows it at once."""
        nodes = self.nodes
        if self._sorted is None:
            # A slash before every other byte keeps "a/b" next to "a", and "a.b" after both.
            self._sorted = sorted(nodes, key=sort_key)[1:]
        return (nodes[name] for name in self._sorted)

    def __contains__(self, path: object) -> bool:
        """Whether the path exists, links followed."""
        if not isinstance(path, str | bytes):
            return False
        try:
            self.lookup(path)
        except PathNotFound:
            return False
        return True

    def __getitem__(self, path: str | bytes) -> Node:
        """The node at `path` with every symbolic link followed, as `lookup` does."""
        return self.lookup(path)

    def lookup(self, path: str | bytes, *, follow: bool = True) -> Node:
        """Find a path as a process inside the root would: links never lead out of it.

        Args:
            path: with or without a leading slash, ``..`` allowed; text is encoded as UTF-8 (surrogates escaped).
            follow: whether a symbolic link in the last place is followed too.

        Raises:
            PathNotFound: it is not there, or goes through something that is not a directory, or the links go round.
        """
        wanted = _encoded(path)
        todo = wanted.split(b"/")[::-1]
        here = self.nodes[b""]
        follows = 0
        while todo:
            part = todo.pop()
            if part in (b"", b"."):
                continue
            name = here.entry.name
            if part == b"..":
                here = self.nodes[name.rpartition(b"/")[0]]
                continue
            found = self.nodes.get(name + b"/" + part if name else part)
            if found is None:
                raise _missing(wanted)
            if found.entry.is_symlink and (follow or todo):  # a slash at the end asks for what it leads to
                follows += 1
                if follows > _LINK_FOLLOWS:
                    raise PathNotFound(f"{_shown(wanted)} goes through too many symbolic links", hint=_HINT)
                link = found.entry.link
                if link.startswith(b"/"):
                    here = self.nodes[b""]
                todo += link.split(b"/")[::-1]
            elif todo and not found.entry.is_dir:
                raise PathNotFound(f"{found.entry.path} is not a directory", hint=_HINT)
            else:
                here = found
        return here

    def children(self, path: str | bytes = b"") -> list[Node]:
        """What is in a directory, sorted by name; links to the directory are followed.

        Raises:
            PathNotFound: not there, or not a directory.
        """
        node = self.lookup(path)
        if not node.entry.is_dir:
            raise PathNotFound(f"{node.entry.path} is not a directory", hint=_HINT)
        return [self.nodes[name] for name in sorted(self._names_in(node.entry.name))]

    def walk(self, path: str | bytes = b"") -> Iterator[Node]:
        """`path` and everything below it, in the order of `__iter__`.

        Raises:
            PathNotFound: not there.
        """
        todo = [self.lookup(path).entry.name]
        while todo:
            name = todo.pop()
            yield self.nodes[name]
            todo += sorted(self._names_in(name), reverse=True)

    def _names_in(self, directory: bytes) -> list[bytes]:
        if self._children is None:
            children: dict[bytes, list[bytes]] = {}
            for name in self.nodes:
                if name:
                    children.setdefault(name.rpartition(b"/")[0], []).append(name)
            self._children = children
        return self._children.get(directory, [])


_ROOT: Final = Node(Entry(b"", EntryType.DIRECTORY), 0, 0)
_LINK_FOLLOWS: Final = 40  # as many as Linux follows
_HINT: Final = "See what is there with %files IMAGE"


def sort_key(name: bytes) -> bytes:
    """Sorts paths so that each directory comes right before what is in it."""
    return name.replace(b"/", b"\0")


def _apply(nodes: dict[bytes, Node], removed: list[Removed], table: LayerTOC, layer: int) -> None:
    """Put a layer on top of `nodes`."""
    links = _resolve_links(nodes, table)  # before anything is removed: they refer to what was there
    _clear(nodes, removed, table, layer)
    implied = table.implied
    for entry in table.entries:
        name = entry.name
        below = nodes.get(name)
        if below is not None and name in implied and below.entry.is_dir:
            continue  # the directory keeps the metadata that it has
        if links and name in links:
            nodes[name] = links[name].at(entry, layer, below)
        else:
            nodes[name] = Node(entry, layer, layer, below)


def _clear(nodes: dict[bytes, Node], removed: list[Removed], table: LayerTOC, layer: int) -> None:
    """Take away what the layer's whiteouts, opaque directories and changes of type remove."""
    uprooted: set[bytes] = set()  # directories that are emptied
    for name in table.whiteouts:
        node = nodes.get(name)
        if node is None:
            continue
        del nodes[name]
        removed.append(Removed(layer, node))
        if node.entry.is_dir:
            uprooted.add(name)
    uprooted.update(name for name in table.opaque if name in nodes)
    uprooted.update(
        entry.name
        for entry in table.entries
        if entry.type is not EntryType.DIRECTORY and (node := nodes.get(entry.name)) and node.entry.is_dir
    )
    if not uprooted:
        return
    # Parents stand before their children, so one pass finds all that is below.
    for name in list(nodes):
        if name and name.rpartition(b"/")[0] in uprooted:
            node = nodes.pop(name)
            removed.append(Removed(layer, node))
            if node.entry.is_dir:
                uprooted.add(name)


class _Link(msgspec.Struct, frozen=True):
    """A hard link into the layers below: what it leads to."""

    target: Node

    def at(self, entry: Entry, layer: int, below: Node | None) -> Node:
        return Node(self.target.entry.linked(entry.name), layer, self.target.source, below)


def _resolve_links(nodes: dict[bytes, Node], table: LayerTOC) -> dict[bytes, _Link]:
    links: dict[bytes, _Link] = {}
    if not table.loose:
        return links
    by_name = {entry.name: entry for entry in table.entries}
    for name in table.loose:
        target = nodes.get(by_name[name].link)
        # A link to nothing stays as it is, and says so when it is read.
        if target is not None and not target.entry.is_dir:
            links[name] = _Link(target)
    return links


def _encoded(path: str | bytes) -> bytes:
    try:
        return path.encode("utf-8", "surrogateescape") if isinstance(path, str) else path
    except UnicodeEncodeError:
        raise PathNotFound(f"{path!r} is not there", hint=_HINT) from None


def _missing(path: bytes) -> PathNotFound:
    return PathNotFound(f"{_shown(path)} is not there", hint=_HINT)


def _shown(path: bytes) -> str:
    return "/" + path.lstrip(b"/").decode("utf-8", "backslashreplace")[:200]
