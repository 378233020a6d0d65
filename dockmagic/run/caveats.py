"""What a layer made on a machine with one user only may have wrong, said when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.store.layer.form import Owners

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.store.layer.entry import Entry
    from dockmagic.store.layer.table import LayerTable

    from .isolation import Isolation

__all__ = ["lost_owners"]

_SHOWN: Final = 3


def lost_owners(isolation: Isolation, table: LayerTable, below: Image) -> str:
    """One line about files that had an owner in the image and are root's in the new layer; empty if there are none.

    Programs that look at the owner of a file before they replace it (``useradd`` with ``/etc/shadow``) are told that it
    is root, for the kernel knows nobody else.

    Args:
        isolation: that the container ran in.
        table: of the layer.
        below: the image.
    """
    if isolation.form.owners is not Owners.NOTED:
        return ""
    # A folder or file that was moved or copied with its time, as ``cp -a`` does, has it from there.
    nodes = below.files.nodes
    owned = {_trait(node.entry) for node in nodes.values() if node.entry.uid or node.entry.gid}
    lost = []
    for entry in table.entries:
        if entry.uid or entry.gid:
            continue
        node = nodes.get(entry.name)
        if (node is not None and (node.entry.uid or node.entry.gid)) or (node is None and _trait(entry) in owned):
            lost.append(entry.path)
    if not lost:
        return ""
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return (
        f"{', '.join(lost[:_SHOWN])}{more} changed hands to root, perhaps because programs see one user only here: "
        "set owners with chown, or use a machine with sub-ids"
    )


def _trait(entry: Entry) -> tuple[bytes, int, int, bytes]:
    return entry.name.rpartition(b"/")[2], entry.size, entry.mtime, entry.digest or entry.link
