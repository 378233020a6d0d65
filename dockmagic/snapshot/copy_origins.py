"""What of the image the files of a writable layer were, or took the place of."""

from __future__ import annotations

import stat
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.tree import FileTree

    from .changes import Written

__all__ = ["CopyOrigins"]

_SET_ID: Final = stat.S_ISUID | stat.S_ISGID


class CopyOrigins:
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

    def confirms(self, item: Written, owner: tuple[int, int], digest: Callable[[], bytes]) -> bool:
        """Whether `item` is a file of the image that belonged to `owner`, where it was or moved elsewhere.

        One with set-id bits must be as it was: only its owner could have given it these after a change.

        Args:
            item: of the writable layer.
            owner: that it claims.
            digest: tells the digest of its content.
        """
        node = self._below.nodes.get(item.name)
        for entry in ((node.entry,) if node is not None else ()) + self._of_size(item):
            if (entry.uid, entry.gid) != owner or stat.S_IFMT(entry.st_mode) != stat.S_IFMT(item.mode):
                continue
            if entry.name == item.name and not item.mode & _SET_ID:
                return True
            if entry.st_mode == item.mode and (not entry.is_file or entry.digest == digest()):
                return True
        return False

    def _of_size(self, item: Written) -> tuple[Entry, ...]:
        return tuple(self._files.get(item.size, ())) if stat.S_ISREG(item.mode) else ()

    @cached_property
    def _files(self) -> dict[int, list[Entry]]:
        found: dict[int, list[Entry]] = {}
        for node in self._below.nodes.values():
            if node.entry.is_file:
                found.setdefault(node.entry.size, []).append(node.entry)
        return found

    @cached_property
    def _alike(self) -> dict[tuple[int, int, bytes], list[Entry]]:
        found: dict[tuple[int, int, bytes], list[Entry]] = {}
        for node in self._below.nodes.values():
            entry = node.entry
            if not (entry.is_file or entry.is_dir):
                found.setdefault((stat.S_IFMT(entry.st_mode), entry.mtime, entry.link), []).append(entry)
        return found
