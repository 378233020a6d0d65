"""Squash and flatten: several layers become one, which does the same to the layers below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image.draft import Draft, DraftLayer
from dockmagic.layer.compare import differences
from dockmagic.oci.errors import Conflict

from .compose import LayerMember, compose, join_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.layer.tree import FileTree, Node

    from .workspace import Workspace

__all__ = ["flatten", "squash"]


def flatten(workspace: Workspace, image: Image) -> Image:
    """All layers as one, without what upper layers hide. The steps that made them stay in the history, as empty ones.

    Raises:
        Conflict: it has no layers.
        InvalidContent: a layer is not what it should be.
    """
    return _squash(workspace, image, 0, len(image.layers), "image flatten")


def squash(workspace: Workspace, image: Image, start: int, stop: int) -> Image:
    """The layers `start` to ``stop - 1`` as one; the others keep their blobs.

    The steps that made them stay in the history as empty ones, and one that made the new layer follows, as after
    docker's ``build --squash``.

    Raises:
        Conflict: there are no such layers.
        InvalidContent: a layer is not what it should be.
    """
    return _squash(workspace, image, start, stop, f"image squash [{start}:{stop}]")


def _squash(workspace: Workspace, image: Image, start: int, stop: int, what: str) -> Image:
    if not 0 <= start < stop <= len(image.layers):
        raise Conflict(f"the image has no layers {start} to {stop - 1}", hint=f"It has {len(image.layers)}")
    below, whole = image.layers[:start].files, image.layers[:stop].files
    changed = _changed(below, whole)
    gone = [
        name
        for name in below.nodes
        if name not in whole.nodes
        and (parent := whole.nodes.get(name.rpartition(b"/")[0])) is not None
        and parent.entry.is_dir
    ]
    names = _with_parents(changed, gone)
    layers = tuple(image.layers)
    members = join_links(_member(whole.nodes[name], layers) for name in names)
    made = compose(workspace, members, whiteouts=gone)
    draft = Draft(image)
    last = draft.place(stop - 1)
    merged = ", ".join(layer.diff_id.short for layer in image.layers[start:stop])
    for step in draft.steps[draft.place(start) : last + 1]:
        step.layer = None
    draft.add(
        workspace.history(what, comment=f"merge of {merged}"), DraftLayer(made.descriptor, made.diff_id), at=last + 1
    )
    if start == 0:
        draft.forget_base()
    return workspace.finish(draft)


def _member(node: Node, layers: Sequence[Layer]) -> LayerMember:
    return LayerMember(node.entry, layers[node.source] if node.entry.is_file else None)


def _changed(below: FileTree, whole: FileTree) -> set[bytes]:
    """The names that differ; all names of a file, if one of them does, so that they stay one file."""
    changed = set()
    files: dict[tuple[int, int | bytes], list[bytes]] = {}
    for name, node in whole.nodes.items():
        entry, old = node.entry, below.nodes.get(name)
        if old is None or differences(old.entry, entry):
            changed.add(name)
        if entry.is_file:
            place = (node.source, entry.offset if entry.size else entry.link or name)
            files.setdefault(place, []).append(name)
    for names in files.values():
        if len(names) > 1 and not changed.isdisjoint(names):
            changed.update(names)
    return changed


def _with_parents(changed: Iterable[bytes], gone: Iterable[bytes]) -> set[bytes]:
    """The changes with the directories that they are in, as each layer of ours has them."""
    names = set(changed)
    for name in (*changed, *gone):
        parent = name.rpartition(b"/")[0]
        while parent and parent not in names:
            names.add(parent)
            parent = parent.rpartition(b"/")[0]
    return names
