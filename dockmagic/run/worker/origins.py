"""What of the image the files of a writable layer were, or took the place of."""

from __future__ import annotations

import stat
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.store.layer.entry import Entry
    from dockmagic.store.layer.tree import FileTree

    from .upper import Written

__all__ = ["Origins"]


class Origins:
    """Finds them.

    Args:
        below: the image's tree.
    """

    def __init__(self, below: FileTree) -> None:
        self._below = below

    def of(self, item: Written) -> Entry | None:
        """Of a file what the image has in its place; of a backup, as useradd's ``/etc/shadow-``, the original.

        Of a link or pipe, which can bring no note of its owner with it, the image's with its time and target: it was
        copied up or renamed. None if several are like that and belong to different users.
        """
        if stat.S_ISREG(item.mode) or stat.S_ISDIR(item.mode):
            original = self._below.nodes.get(item.name[:-1]) if item.name.endswith(b"-") else None
            node = original if original is not None and original.entry.is_file else self._below.nodes.get(item.name)
            return node.entry if node is not None else None
        alike = self._alike.get((stat.S_IFMT(item.mode), item.mtime, item.link), [])
        same = [entry for entry in alike if entry.name == item.name] or alike
        return same[0] if len({(entry.uid, entry.gid) for entry in same}) == 1 else None

    @cached_property
    def _alike(self) -> dict[tuple[int, int, bytes], list[Entry]]:
        found: dict[tuple[int, int, bytes], list[Entry]] = {}
        for node in self._below.nodes.values():
            entry = node.entry
            if not (entry.is_file or entry.is_dir):
                found.setdefault((stat.S_IFMT(entry.st_mode), entry.mtime, entry.link), []).append(entry)
        return found
