"""A layer written anew with other entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.image.draft import DraftLayer

from .compose import LayerMember, compose, join_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.layer import Layer

    from .workspace import Workspace

__all__ = ["rewrite"]


def rewrite(
    workspace: Workspace,
    layer: Layer,
    *,
    leave_out: Callable[[bytes], bool] = lambda _name: False,
    date: Callable[[int], int] = lambda mtime: mtime,
) -> DraftLayer | None:
    """A layer without some names, or with other times.

    Args:
        workspace: with the store, which has the blobs of the whole image.
        layer: to change.
        leave_out: whether a name is not to be there: with a directory, all that is in it. Links that stay keep the
            content of a file that goes, in whichever layer it is.
        date: from the mtime of an entry to the one that it gets, in seconds.

    Returns:
        The new layer; None if nothing is left of it.

    Raises:
        InvalidContent: a layer is not what it should be.
        OutOfSpace: the disk is full.
    """
    table = layer.table
    members = join_links(_members(layer, leave_out, date))
    whiteouts = [name for name in table.whiteouts if not leave_out(name)]
    opaque = [name for name in table.opaque if not leave_out(name)]
    if not (members or whiteouts or opaque):
        return None
    made = compose(workspace, members, whiteouts=whiteouts, opaque=opaque)
    return DraftLayer(made.descriptor, made.diff_id)


def _members(layer: Layer, leave_out: Callable[[bytes], bool], date: Callable[[int], int]) -> Iterator[LayerMember]:
    loose = frozenset(layer.table.loose)
    stack = layer.alone.all
    for entry in layer.table.entries:
        if entry.name in layer.table.implied or leave_out(entry.name):
            continue
        dated = replace(entry, mtime=date(entry.mtime))
        if entry.name not in loose:
            yield LayerMember(dated, layer if entry.is_file else None)
        elif not leave_out(entry.link):
            yield LayerMember(dated)
        else:
            # What it leads to in a lower layer goes: the content comes up to here.
            node = stack[: layer.index + 1].files.nodes[entry.name]
            yield LayerMember(replace(node.entry, mtime=dated.mtime), stack[node.source])
