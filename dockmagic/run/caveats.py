"""What a layer made on a machine with one user only may have wrong, said when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.store.layer.form import Owners

if TYPE_CHECKING:
    from dockmagic.store.layer.table import LayerTable
    from dockmagic.store.layer.tree import FileTree

    from .isolation import Isolation

__all__ = ["lost_owners"]

_SHOWN: Final = 3


def lost_owners(isolation: Isolation, table: LayerTable, below: FileTree) -> str:
    """One line about files that had an owner in the image and are root's in the new layer; empty if there are none.

    Programs that look at the owner of a file before they replace it (``useradd`` with ``/etc/shadow``) are told that it
    is root, for the kernel knows nobody else.

    Args:
        isolation: that the container ran in.
        table: of the layer.
        below: the image's files.
    """
    if isolation.form.owners is not Owners.NOTED:
        return ""
    lost = []
    for entry in table.entries:
        node = below.nodes.get(entry.name)
        if node is not None and (node.entry.uid or node.entry.gid) and not (entry.uid or entry.gid):
            lost.append(entry.path)
    if not lost:
        return ""
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return (
        f"{', '.join(lost[:_SHOWN])}{more} changed hands to root, perhaps because programs see one user only here: "
        "set owners with chown, or use a machine with sub-ids"
    )
