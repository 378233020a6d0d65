"""Bytes that stacked layers carry and never show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .entry import EntryType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.rows import WasteRow

    from .tree import FileTree, Node

__all__ = ["Waste", "waste_of"]


@dataclass(frozen=True, slots=True)
class Waste:
    """A file of a lower layer that an upper one hides or deletes.

    Attributes:
        path: absolute.
        layer: place of the layer that carries the bytes.
        hidden_by: place of the layer that hides it.
        size: bytes carried for nothing.
        deleted: whether it was deleted; else it was replaced.
    """

    path: str
    layer: int
    hidden_by: int
    size: int
    deleted: bool

    @property
    def change(self) -> str:
        """How to change the Dockerfile, so that the image no longer carries it."""
        what = "delete them" if self.deleted else "write them once"
        return f"{what} in the instruction that makes layer {self.layer}, as layer {self.hidden_by} only hides them"

    def row(self, created_by: str) -> WasteRow:
        """What ``waste`` shows of it.

        Args:
            created_by: the instruction that made its layer.
        """
        from dockmagic.rows import WasteRow

        return WasteRow(
            size=self.size, layer=self.layer, hidden_by=self.hidden_by, deleted=self.deleted, path=self.path,
            created_by=created_by, change=self.change,
        )  # fmt: skip


def waste_of(tree: FileTree) -> tuple[Waste, ...]:
    """Every hidden file with content, the largest first.

    Content that the view still shows under another name (a hard link) is not wasted.
    """
    shown = {(node.source, node.entry.offset) for node in tree.nodes.values() if node.entry.is_file}
    found: dict[tuple[int, int], Waste] = {}
    for node, hidden_by, deleted in _hidden(tree):
        entry = node.entry
        place = (node.source, entry.offset)
        if entry.type is EntryType.REGULAR and entry.size and place not in shown:
            found.setdefault(place, Waste(entry.path, node.layer, hidden_by, entry.size, deleted))
    return tuple(sorted(found.values(), key=lambda each: (-each.size, each.path)))


def _hidden(tree: FileTree) -> Iterator[tuple[Node, int, bool]]:
    """What was hidden, by which layer, and whether it was deleted."""
    for node in tree.nodes.values():
        yield from _below(node)
    for removed in tree.removed:
        yield removed.node, removed.layer, True
        yield from _below(removed.node)


def _below(node: Node) -> Iterator[tuple[Node, int, bool]]:
    upper, lower = node, node.hides
    while lower is not None:
        yield lower, upper.layer, False
        upper, lower = lower, lower.hides
