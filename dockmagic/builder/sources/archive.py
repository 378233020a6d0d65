"""Tars as sources, plain or compressed: told from other files, and asked as `Files` without being unpacked."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING, BinaryIO, Final

from msgspec.structs import replace

from dockmagic.layer.compression.decompress import inflated
from dockmagic.layer.header import BLOCK
from dockmagic.layer.ingest import Recorder, layer_limit
from dockmagic.layer.scan import TarScanner
from dockmagic.layer.sparse import SparseExpansion
from dockmagic.layer.tree import FileTree
from dockmagic.oci.errors import InvalidArchive, InvalidContent, NotSupported
from dockmagic.store.home import disk_errors

from .image_files import TreeFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from typing_extensions import Buffer

    from dockmagic.layer.entry import Entry
    from dockmagic.layer.toc import LayerTOC

__all__ = ["ArchiveFiles", "is_archive"]

_PIECE: Final = 1 << 20


class ArchiveFiles(TreeFiles):
    """What is in a tar; a context manager.

    Args:
        chunks: of the tar as it is stored.
        label: what it is, for messages.
        scratch: folder for its plain form, which is gone when this is closed.
        owned: whether the owners in it count; they become root's otherwise.

    Attributes:
        table: what is in it.

    Raises:
        InvalidArchive: not a readable tar, or one whose names lead out.
        OutOfSpace: the disk is full.
    """

    def __init__(self, chunks: Iterable[Buffer], label: str, scratch: Path, *, owned: bool) -> None:
        super().__init__(label)
        self.owned = owned
        self._spool = tempfile.TemporaryFile(dir=scratch, prefix=".tar.")  # noqa: SIM115 - closed with this
        try:
            self.table = self._receive(chunks)
        except InvalidContent as error:
            self._spool.close()
            raise InvalidArchive(f"{label}: {error.message}", hint=error.hint) from None
        except BaseException:
            self._spool.close()
            raise
        self._tree = FileTree.of((self.table,))

    def _receive(self, chunks: Iterable[Buffer]) -> LayerTOC:
        recorder = Recorder(whiteouts=False)
        scanner = TarScanner(recorder, layer_limit())
        with disk_errors():
            for plain in inflated(chunks):
                scanner.feed(plain)
                self._spool.write(plain)
        scanner.finish()
        table = recorder.layout.table(scanner.size)
        if self.owned:
            return table
        return replace(table, entries=[replace(entry, uid=0, gid=0) for entry in table.entries])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the disk."""
        self._spool.close()

    @property
    def tree(self) -> FileTree:
        """What is in it, as it would be unpacked."""
        return self._tree

    def contents(self, entries: Sequence[Entry]) -> Iterator[Iterator[Buffer]]:
        """The content of each of these files, in this order."""
        for entry in entries:
            if entry.offset < 0:
                raise InvalidArchive(f"{entry.path} is a hard link to {entry.target}, which the archive does not have")
            yield self._content(entry)

    def _content(self, entry: Entry) -> Iterator[Buffer]:
        if entry.sparse is None:
            yield from _part(self._spool, entry.offset, entry.size)
            return
        stored = sum(length for _, length in entry.sparse)
        expansion = SparseExpansion(entry.sparse, entry.size, stored)
        for piece in _part(self._spool, entry.offset, stored):
            yield from expansion.feed(memoryview(piece))
        yield from expansion.finish()


def _part(file: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    # Threads may share the spool, so each piece says where it is.
    while size:
        file.seek(start)
        piece = file.read(min(size, _PIECE))
        if not piece:
            return
        start += len(piece)
        size -= len(piece)
        yield piece


class _Anybody:
    """Hears of members, and does not care."""

    def begin(self, header: object) -> None:
        """A member."""

    def content(self, data: memoryview, last: bool) -> None:  # noqa: FBT001 - as `MemberSink` has it
        """Its bytes."""


def is_archive(chunks: Iterable[Buffer]) -> bool:
    """Whether a stream is a tar, plain or compressed: its first member can be read, as docker decides it."""
    head = b""
    try:
        for plain in inflated(chunks):
            head += memoryview(plain)[:BLOCK]
            if len(head) >= BLOCK:
                break
    except (InvalidContent, NotSupported):
        return False
    if len(head) < BLOCK or not any(head[:BLOCK]):
        return False
    try:
        TarScanner(_Anybody(), sys.maxsize).feed(head[:BLOCK])
    except InvalidContent:
        return False
    except NotSupported:
        return True  # a member that layers do not have: it is an archive all the same, and is refused by name later
    return True
