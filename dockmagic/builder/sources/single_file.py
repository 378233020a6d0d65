"""A single file as a source: a heredoc, or what was fetched from a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from blake3 import blake3

from dockmagic.layer.entry import Entry, EntryType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

__all__ = ["SingleFile"]

_CHUNK: Final = 1 << 20


class SingleFile:
    """A tree of one file at its top.

    Args:
        name: of the file.
        content: its bytes, or the file that has them.
        mode: permission bits.
        mtime: seconds since the epoch.
        label: what it is, for messages.
    """

    owned = True

    def __init__(self, name: str, content: bytes | Path, *, mode: int, mtime: int, label: str) -> None:
        self.label = label
        self._content = content
        digest = blake3()
        size = 0
        for piece in self._pieces():
            digest.update(piece)
            size += len(piece)
        encoded = name.encode("utf-8", "surrogateescape")
        self.file = Entry(encoded, EntryType.REGULAR, mode, size=size, mtime=mtime, digest=digest.digest())

    def _pieces(self) -> Iterator[bytes]:
        if isinstance(self._content, bytes):
            yield self._content
            return
        with self._content.open("rb", buffering=0) as file:
            while piece := file.read(_CHUNK):
                yield piece

    def entry(self, name: bytes) -> Entry | None:
        """The file, or the top."""
        if not name:
            return Entry(b"", EntryType.DIRECTORY)
        return self.file if name == self.file.name else None

    def names(self, directory: bytes) -> list[bytes]:
        """Its name."""
        return [] if directory else [self.file.name]

    def walk(self, directory: bytes, prune: Callable[[bytes], bool] | None = None) -> Iterator[Entry]:  # noqa: ARG002
        """The file."""
        if not directory:
            yield self.file

    def ignored_by(self, name: bytes) -> str:  # noqa: ARG002 - as `Files` has it
        """Nothing is ignored."""
        return ""

    def digested(self, entries: Iterable[Entry]) -> list[Entry]:
        """The same: it is digested from the beginning."""
        return list(entries)

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """Its content."""
        return (self._pieces() for _ in entries)
