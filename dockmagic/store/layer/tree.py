"""Layers stacked to one tree: what a container would see, and where each path comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .table import LayerTable

__all__ = ["FileTree", "Node", "Removed"]


class Node(msgspec.Struct, frozen=True, gc=False):
    """A path of a `FileTree`.

    Attributes:
        entry: what it is.
        layer: index of the layer that supplies it (0 is the base).
        source: index of the layer whose tar holds the content, at `entry.offset`: another than `layer` for a hard
            link to a file of a lower layer.
        hides: what this path was in the layers below, None if it was not there.
    """

    entry: Entry
    layer: int
    source: int
    hides: Node | None = None


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
        nodes: every path, parents before what is in them; the root is always there.
        removed: everything that some layer removed, in the order of layers.
    """

    __slots__ = ("nodes", "removed")

    nodes: Mapping[bytes, Node]
    removed: tuple[Removed, ...]

    def __init__(self) -> None:
        raise NotImplementedError

    @classmethod
    def of(cls, tables: Iterable[LayerTable]) -> FileTree:
        """The tree of these layers, base first."""
        raise NotImplementedError

    def stack(self, table: LayerTable, layer: int) -> FileTree:
        """This tree with one more layer on top; `layer` is that layer's index."""
        raise NotImplementedError

    def __len__(self) -> int:
        """How many paths there are, the root not counted."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Node]:
        """Every path but the root, sorted by name, each directory before what is in it."""
        raise NotImplementedError

    def __contains__(self, path: object) -> bool:
        """Whether the path exists, links followed."""
        raise NotImplementedError

    def __getitem__(self, path: str | bytes) -> Node:
        """The node at `path` with every symbolic link followed, as `lookup` does."""
        raise NotImplementedError

    def lookup(self, path: str | bytes, *, follow: bool = True) -> Node:
        """Find a path as a process inside the root would: links never lead out of it.

        Args:
            path: with or without a leading slash, ``..`` allowed; text is encoded as UTF-8 (surrogates escaped).
            follow: whether a symbolic link in the last place is followed too.

        Raises:
            PathNotFound: it is not there, or goes through something that is not a directory, or the links go round.
        """
        raise NotImplementedError

    def children(self, path: str | bytes = b"") -> list[Node]:
        """What is in a directory, sorted by name; links to the directory are followed.

        Raises:
            PathNotFound: not there, or not a directory.
        """
        raise NotImplementedError

    def walk(self, path: str | bytes = b"") -> Iterator[Node]:
        """`path` and everything below it, in the order of `__iter__`.

        Raises:
            PathNotFound: not there.
        """
        raise NotImplementedError
