"""A path in a tree of layers, and what it was in the layers below."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from .entry import Entry  # noqa: TC001  msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dockmagic.rows.files import FileRow

__all__ = ["Node"]

_KINDS = ("file", "hardlink", "link", "char", "block", "dir", "fifo")


class Node(msgspec.Struct, frozen=True, gc=False):
    """A path of a `FileTree`.

    Attributes:
        entry: what it is.
        layer: index of the layer that supplies it (0 is the base).
        source: index of the layer whose tar holds the content, at `entry.offset`: another than `layer` for a hard
            link to a file of a lower layer.
        hides: what this path was in the layers below, None if it was not there.
    """

    entry: Entry
    layer: int
    source: int
    hides: Node | None = None

    def row(self, instructions: Mapping[int, str] | None = None, *, secret: str = "") -> FileRow:
        """What ``files`` shows of it.

        Args:
            instructions: what made each layer, by its index, to fill in which of them supplies the path and what it
                hides; None to leave that out.
            secret: what it looks like, such as ``SSH key``; empty for what is none or was not looked into.
        """
        from dockmagic.rows.files import FileRow

        entry = self.entry
        return FileRow(
            mode=entry.st_mode,
            uid=entry.uid,
            gid=entry.gid,
            size=entry.size,
            modified_at=datetime.fromtimestamp(entry.mtime, UTC),
            path=entry.path,
            kind=_kind(entry),
            link=entry.target,
            layer=self.layer,
            created_by="" if instructions is None else instructions.get(self.layer, ""),
            hides=() if instructions is None else tuple(_hidden(self)),
            set_id=_set_id(entry),
            world_writable=_is_world_writable(entry),
            secret=secret,
        )


def _set_id(entry: Entry) -> tuple[str, ...]:
    # On a directory set-group-id says whose group new files are of, and grants nothing.
    if not entry.mode & (stat.S_ISUID | stat.S_ISGID) or not entry.is_file:
        return ()
    return tuple(word for bit, word in ((stat.S_ISUID, "setuid"), (stat.S_ISGID, "setgid")) if entry.mode & bit)


def _is_world_writable(entry: Entry) -> bool:
    if not entry.mode & stat.S_IWOTH:
        return False
    return entry.is_file or (entry.is_dir and not entry.mode & stat.S_ISVTX)


def _hidden(node: Node) -> Iterator[str]:
    below = node.hides
    while below is not None:
        # A directory is merged with the one below, which hides nothing.
        if not (below.entry.is_dir and node.entry.is_dir):
            yield f"{below.layer}: {_kind(below.entry)} of {below.entry.size} bytes"
        below = below.hides


def _kind(entry: Entry) -> str:
    return _KINDS[entry.type]
