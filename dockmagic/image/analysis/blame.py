"""Which layer supplies a path, and what it hides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.layer.tree import FileTree
from dockmagic.oci.errors import PathNotFound

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import Node

__all__ = ["Blame", "blame"]


@dataclass(frozen=True, slots=True)
class Blame:
    """What one layer did to a path.

    Attributes:
        layer: the layer.
        letter: ``A`` added, ``C`` changed, ``D`` deleted it.
        entry: the path as this layer left it; None where it was deleted.
        visible: whether this is what the merged view shows.
    """

    layer: Layer
    letter: str
    entry: Entry | None
    visible: bool


def blame(image: Image, path: str) -> tuple[Blame, ...]:
    """The story of one path, base first; symbolic links on the way to it are those of the merged view.

    Raises:
        PathNotFound: no layer ever had it.
        InvalidContent: a layer is not what it should be.
    """
    name = _name(image.files, path)
    story: list[Blame] = []
    tree = FileTree.of(())
    before: Node | None = None
    for layer in image.layers:
        tree = tree.stack(layer.table, layer.index)
        node = tree.nodes.get(name)
        if node is not None and node.layer == layer.index:
            story.append(Blame(layer, "A" if before is None else "C", node.entry, visible=False))
        elif node is None and before is not None:
            story.append(Blame(layer, "D", None, visible=False))
        before = node
    if not story:
        raise PathNotFound(f"no layer has ever had {path}", hint="List what there is with `files IMAGE`")
    last = story[-1]
    story[-1] = Blame(last.layer, last.letter, last.entry, visible=last.entry is not None)
    return tuple(story)


def _name(tree: FileTree, path: str) -> bytes:
    """The path's name in the layers; of one that is gone, as it is written."""
    try:
        return tree.lookup(path, follow=False).entry.name
    except PathNotFound:
        return "/".join(part for part in path.split("/") if part not in ("", ".")).encode("utf-8", "surrogateescape")
