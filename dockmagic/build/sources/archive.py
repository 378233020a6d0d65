"""Tars as sources, plain or compressed: told from other files, and asked as `Files` without being unpacked."""

from __future__ import annotations

import bz2
import lzma
import sys
import tempfile
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from msgspec.structs import replace

from dockmagic.oci.errors import InvalidArchive, InvalidContent, InvalidLayer, NotSupported
from dockmagic.oci.media import Compression
from dockmagic.store.home import disk_errors
from dockmagic.store.layer.compress import Decompressor
from dockmagic.store.layer.header import BLOCK
from dockmagic.store.layer.ingest import Recorder, layer_limit
from dockmagic.store.layer.scan import TarScanner
from dockmagic.store.layer.sparse import Expansion
from dockmagic.store.layer.tree import FileTree

from .layered import TreeFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from typing_extensions import Buffer

    from dockmagic.store.layer.entry import Entry
    from dockmagic.store.layer.table import LayerTable

__all__ = ["ArchiveFiles", "inflated", "is_archive"]

_PIECE: Final = 1 << 20
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\0"


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

    def _receive(self, chunks: Iterable[Buffer]) -> LayerTable:
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
        expansion = Expansion(entry.sparse, entry.size, stored)
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


def inflated(chunks: Iterable[Buffer]) -> Iterator[Buffer]:
    """The plain bytes of a stream: gzip, zstd, bzip2 or xz as its first bytes say, else as it is.

    Raises:
        InvalidLayer: corrupt or truncated.
    """
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += bytes(chunk)
        if len(head) >= len(_XZ):
            break
    if head.startswith(_BZIP2):
        yield from _with(bz2.BZ2Decompressor, head, source)
    elif head.startswith(_XZ):
        yield from _with(lzma.LZMADecompressor, head, source)
    else:
        decompressor = Decompressor(Compression.NONE)
        yield from decompressor.feed(head)
        for chunk in source:
            yield from decompressor.feed(chunk)
        yield from decompressor.finish()


class _Engine(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _with(make: type[_Engine], head: bytes, source: Iterator[Buffer]) -> Iterator[bytes]:
    engine = make()
    data = head
    try:
        while True:
            plain = engine.decompress(data, _PIECE)
            if plain:
                yield plain
            if engine.eof:  # another stream may follow
                data = engine.unused_data.lstrip(b"\0") or bytes(next(source, b""))
                if not data:
                    return
                engine = make()
            elif engine.needs_input:
                chunk = next(source, None)
                if chunk is None:
                    raise InvalidLayer("the compressed data is truncated")
                data = bytes(chunk)
            else:
                data = b""
    except (OSError, lzma.LZMAError) as error:
        raise InvalidLayer(f"the compressed data is corrupt: {error}") from None


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
