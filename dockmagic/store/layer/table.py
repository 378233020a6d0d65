"""The file table of a layer: what it holds and what it removes, without the content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LayerTable"]


class LayerTable(msgspec.Struct, frozen=True, array_like=True):
    """What one layer does to the tree below it.

    Attributes:
        entries: one per path, every parent directory before what is in it; no whiteouts among them.
        implied: names of the directories in `entries` that the tar does not mention: they take their metadata from
            the layer below, if it has them.
        whiteouts: names that the layer removes, with all below them. They concern lower layers only, so a name may
            come back in `entries` of the same layer only as an opaque directory, which stands there instead.
        opaque: directories whose lower content the layer hides; each is in `entries`.
        loose: names of the hard links in `entries` whose target is not in the layer but below it.
        size: bytes of the uncompressed tar.
    """

    entries: list[Entry]
    implied: frozenset[bytes]
    whiteouts: tuple[bytes, ...]
    opaque: tuple[bytes, ...]
    loose: tuple[bytes, ...]
    size: int

    @property
    def content_size(self) -> int:
        """Bytes of the regular files, hard links not counted again: docker's notion of a layer's size."""
        raise NotImplementedError

    @property
    def needs_parent(self) -> bool:
        """Whether unpacking it needs the layers below: implied directories, or links into a lower layer."""
        return bool(self.implied or self.loose)

    def __iter__(self) -> Iterator[Entry]:  # type: ignore[override]
        return iter(self.entries)

    def dumps(self) -> bytes:
        """Compact bytes for the disk."""
        raise NotImplementedError

    @classmethod
    def loads(cls, data: bytes) -> LayerTable:
        """What `dumps` wrote.

        Raises:
            StoreTooNew: of a later version of the form.
            InvalidContent: not a file table.
        """
        raise NotImplementedError
