"""Drop and replace: one layer goes, or another one takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image.draft import Draft, DraftLayer
from dockmagic.layer.entry import EntryType
from dockmagic.oci.errors import Conflict, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.image import Image
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.layer.tree import FileTree

    from .workspace import Workspace

__all__ = ["check_links", "drop_layer", "replace_layer"]


def drop_layer(workspace: Workspace, image: Image, index: int) -> Image:
    """The image without one layer; its step stays in the history as an empty one.

    Args:
        workspace: with the store, which has the blobs of the image.
        image: to change.
        index: of the layer, 0 is the base, -1 the top.

    Raises:
        PathNotFound: there is no such layer.
        Conflict: a layer above it has hard links to its files.
    """
    place = _place(image, index)
    draft = Draft(image)
    gone = draft.steps[draft.place(place)]
    gone.layer = None
    layer = image.layers[place]
    draft.add(workspace.history(f"image drop-layer [{place}]", comment=f"without {layer.diff_id}"))
    if place == 0:
        draft.forget_base()
    made = workspace.finish(draft)
    check_links(image, made, f"without layer {place}")
    return made


def replace_layer(workspace: Workspace, image: Image, index: int, layer: NewLayer, *, what: str) -> Image:
    """The image with another layer in the place of one.

    Args:
        workspace: with the store, which has the blobs of the image and of the layer.
        image: to change.
        index: of the layer that goes, 0 is the base, -1 the top.
        layer: the new one.
        what: where it came from, for the history.

    Raises:
        PathNotFound: there is no such layer.
        Conflict: a layer above it has hard links to files that are no longer there.
    """
    place = _place(image, index)
    draft = Draft(image)
    at = draft.place(place)
    draft.steps[at].layer = None
    old = image.layers[place]
    history = workspace.history(f"image replace-layer [{place}] {what}", comment=f"instead of {old.diff_id}")
    draft.add(history, DraftLayer(layer.descriptor, layer.diff_id), at=at + 1)
    if place == 0:
        draft.forget_base()
    made = workspace.finish(draft)
    check_links(image, made, f"with another layer {place}")
    return made


def check_links(old: Image, new: Image, what: str) -> None:
    """Make sure that the hard links of layers into lower ones lead somewhere, as far as they did before.

    Raises:
        Conflict: one leads to nothing.
    """
    if not any(layer.table.loose for layer in new.layers):
        return
    broken = set(_dangling(new.layers.files)) - set(_dangling(old.layers.files))
    if broken:
        name, target = min(broken)
        raise Conflict(
            f"{what} the hard link {_shown(name)} leads to {_shown(target)}, which no layer has",
            hint="Squash the layers that belong together first",
        )


def _dangling(tree: FileTree) -> Iterable[tuple[bytes, bytes]]:
    for node in tree:
        entry = node.entry
        if entry.type is EntryType.HARDLINK and entry.offset < 0:
            yield entry.name, entry.link


def _place(image: Image, index: int) -> int:
    count = len(image.layers)
    place = index + count if index < 0 else index
    if not 0 <= place < count:
        raise PathNotFound(f"the image has no layer {index}", hint=f"Its layers are 0 (the base) to {count - 1}")
    return place


def _shown(name: bytes) -> str:
    return "/" + name.decode("utf-8", "backslashreplace")
