"""Browse an image: its stack beside one folding tree, merged or of one layer; what ``%browse`` returns."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

from dockmagic.image.path import ImagePath
from dockmagic.layer.path_index import PathIndex
from dockmagic.notebook.names import subject_name
from dockmagic.notebook.reprs.image import file_tree
from dockmagic.notebook.text import PROG, printable
from dockmagic.oci.errors import DockmagicError
from dockmagic.rows.words import instruction

from .preview import preview
from .tree import TreeAnswers
from .view import is_live

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.layer.tree import Node

__all__ = ["BrowseView"]

_SAVED: Final = 20_000_000


class BrowseView:
    """An image, a layer or a range of layers to look into.

    Layers are read when the page first asks for their paths. Without a script there is the tree's static twin.

    Args:
        subject: what to show, from the store, a registry or an archive.
    """

    script = "browse.js"

    def __init__(self, subject: Image | Layer | Layers) -> None:
        self.subject = subject
        part: Any = getattr(subject, "layers", subject)
        self._layers: Layers = part if hasattr(part, "stop") else part.alone
        self._trees: dict[int | None, TreeAnswers] = {}

    def __repr__(self) -> str:
        return f"{subject_name(self.subject)}\n{file_tree(self._layers.files)['text/plain']}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        twins = file_tree(self._layers.files)
        shown: dict[str, Any] = {"text/plain": printable(repr(self)), "text/html": twins["text/html"]}
        if not is_live():
            return shown
        from .widget import widget_bundle

        return {**widget_bundle(self.script, self.state(), self.answer), **shown}

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        return {
            "title": subject_name(self.subject),
            "layers": [
                {"index": layer.index, "size": layer.size, "instruction": instruction(layer.created_by)}
                for layer in self._layers
            ],
        }

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """A question about the tree (see `TreeAnswers`), ``about`` a path, or the bytes to ``save``."""
        try:
            return self._answer(question)
        except (DockmagicError, OSError) as error:
            return {"problem": printable(error.told(PROG) if isinstance(error, DockmagicError) else str(error))}

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        layer = question.get("layer")
        tree = self._tree(None if layer is None else int(layer))
        match question["ask"]:
            case "about":
                return self._about(tree.index, int(question["path"]))
            case "save":
                return self._save(tree.index, int(question["path"]))
            case _:
                return tree.answer(question)

    def _tree(self, layer: int | None) -> TreeAnswers:
        if layer not in self._trees:
            self._trees[layer] = TreeAnswers(
                PathIndex.of_tree(self._layers.files)
                if layer is None
                else PathIndex.of_changes(self._layers[layer - self._layers.start].changes)
            )
        return self._trees[layer]

    def _node(self, index: PathIndex, number: int) -> tuple[Node | None, Layers]:
        """What is at a path, and layers in whose view it is there."""
        item = index.items[number]
        if hasattr(item, "letter"):
            item = item.new or item.old
        if item is None:
            return None, self._layers
        own = self._layers.all[: item.layer + 1]
        return item, own

    def _about(self, index: PathIndex, number: int) -> dict[str, Any]:
        item = index.items[number]
        deleted = getattr(item, "letter", "") == "D"
        node, layers = self._node(index, number)
        about: dict[str, Any] = {"path": printable(index.path(number)), "from": "", "preview": {}}
        if node is None:
            return about
        hidden, below = [], node.hides
        while below is not None:
            hidden.append(below.layer)
            below = below.hides
        supplied = f"{'deleted; it was ' if deleted else ''}from layer {node.layer}"
        hides = f", hides layer {', '.join(map(str, hidden))}" if hidden and not node.entry.is_dir else ""
        about["from"] = supplied + hides
        about["facts"] = f"{node.entry.uid}:{node.entry.gid} mode {node.entry.mode:o}"
        if node.entry.is_file:
            about["preview"] = preview(ImagePath(layers, index.path(number)))
        elif node.entry.link:
            about["preview"] = {"line": f"a link to {printable(node.entry.target)}"}
        return about

    def _save(self, index: PathIndex, number: int) -> dict[str, Any]:
        node, layers = self._node(index, number)
        if node is None or not node.entry.is_file:
            return {"problem": "Only files can be saved"}
        if node.entry.size > _SAVED:
            return {"problem": "The file is larger than 20 MB: save it with %docker cp"}
        content = ImagePath(layers, index.path(number)).read_bytes()
        return {"name": printable(index.label(number)).replace("/", "_"), "data": b64encode(content).decode()}
