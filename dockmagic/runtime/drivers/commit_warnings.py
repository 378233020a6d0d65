"""What a layer made on a machine with one user only may have wrong, said when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dockmagic.image.image import Image
    from dockmagic.layer.entry import Entry
    from dockmagic.layer.toc import LayerTOC
    from dockmagic.layer.tree import Node

__all__ = ["commit_warnings"]

_SHOWN: Final = 3
_ACCESS, _DEFAULT = "system.posix_acl_access", "system.posix_acl_default"


def commit_warnings(table: LayerTOC, below: Image) -> list[str]:
    """One line for each kind of thing that may be wrong.

    Args:
        table: of the layer.
        below: the image.
    """
    nodes = below.files.nodes
    found = []
    if lost := list(_lost_owners(table, nodes)):
        found.append(
            f"{_listed(lost)} changed hands to root, perhaps because programs see one user only here: "
            "set owners with chown, or use a machine with sub-ids"
        )
    if bare := list(_without_access_list(table, nodes)):
        found.append(
            f"{_listed(bare)} {'have' if len(bare) > 1 else 'has'} not the default access list of its folder, which "
            "names users whom this machine does not know: use a machine with sub-ids"
        )
    return found


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(paths[:_SHOWN])}{more}"


def _lost_owners(table: LayerTOC, nodes: Mapping[bytes, Node]) -> Iterator[str]:
    """Files that had an owner or group and are root's in the new layer.

    Programs that look at the owner of a file before they replace or copy it (``chgrp``, ``cp -a``) are told that it is
    root, for the kernel knows nobody else.
    """
    # A folder or file that was moved or copied with its time, as ``cp -a`` does, has it from there.
    owned = {_trait(node.entry): node.entry for node in nodes.values() if node.entry.uid or node.entry.gid}
    # Of what is new: folders and empty files that were made in the same second look alike by chance.
    new = (entry for entry in table.entries if (entry.uid or entry.gid) and (entry.size or entry.link))
    owned |= {_trait(entry): entry for entry in new}
    for entry in table.entries:
        node = nodes.get(entry.name)
        old = node.entry if node is not None else owned.get(_trait(entry))
        if old is not None and ((old.uid and not entry.uid) or (old.gid and not entry.gid)):
            yield entry.path


def _trait(entry: Entry) -> tuple[bytes, int, int, bytes]:
    return entry.name.rpartition(b"/")[2], entry.size, entry.mtime, entry.digest or entry.link


def _without_access_list(table: LayerTOC, nodes: Mapping[bytes, Node]) -> Iterator[str]:
    """New files in folders that give all that is made in them an access list, and could not here."""
    for entry in table.entries:
        folder = nodes.get(entry.name.rpartition(b"/")[0])
        if folder is None or entry.name in nodes or entry.is_symlink or _DEFAULT not in (folder.entry.xattrs or {}):
            continue
        if _ACCESS not in (entry.xattrs or {}):
            yield entry.path
