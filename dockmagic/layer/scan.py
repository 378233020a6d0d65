"""A push parser of tar streams: ustar, GNU and pax headers as layers have them, read by hand for speed.

Only what a header says is judged here; where its name leads is `layout`'s business. Where readers of tar differ, this
one does as Go's archive/tar, which reads layers everywhere else, so that an image means the same here and there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from dockmagic.oci.errors import InvalidLayer, LayerTooLarge, NotSupported
from dockmagic.oci.ids import NOBODY

from . import pax, sparse
from .entry import EntryType
from .extended_headers import EXTENSIONS, ExtendedHeaders
from .header import BLOCK, FIELDS, TYPES, Header, checksum_holds, device, number, prefixed, show

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["MemberSink", "TarScanner"]

_ZEROS: Final = bytes(BLOCK)
_END: Final = 2  # blocks of zeros
_LATEST: Final = ((1 << 63) - 1) // 10**9  # seconds that fit the kernel's nanoseconds

_SPARSE: Final = ord("S")


class MemberSink(Protocol):
    """Gets the members of a tar, in their order."""

    def begin(self, header: Header) -> object:
        """A member. If it is a regular file, `content` follows before anything else."""
        ...

    def content(self, data: memoryview, last: bool) -> None:  # noqa: FBT001  a keyword costs time for every file
        """The next bytes of a regular file, called at least once for each, with `last` at its end.

        The holes of a sparse file are given as the zeros that they stand for. `data` must not be kept.
        """
        ...


class TarScanner:
    """Reads a tar that arrives in chunks.

    Everything after the end mark (two blocks of zeros) is ignored, as all engines do.

    Args:
        sink: gets the members.
        limit: bytes of tar beyond which it is refused.
    """

    def __init__(self, sink: MemberSink, limit: int) -> None:
        self._sink = sink
        self._limit = limit
        self._carry = b""
        self._position = 0  # in the tar, of the first byte that is not yet used
        self._wanted = 0  # bytes of content still to come
        self._padding = 0  # bytes between it and the next header
        self._zero_blocks = 0
        self._extensions = ExtendedHeaders()
        self._sparse: tuple[Header, sparse.GnuMap | sparse.PaxMap] | None = None  # whose map is being read
        self._expansion: sparse.SparseExpansion | None = None
        self._stored = 0  # bytes of it that come after the map
        self._holes = 0  # bytes that are not in the tar, but in the files that it makes

    @property
    def size(self) -> int:
        """Bytes of tar taken so far."""
        return self._position + len(self._carry)

    @property
    def ended(self) -> bool:
        """Whether the end mark has come: nothing after it counts."""
        return self._zero_blocks == _END

    def feed(self, chunk: Buffer) -> None:
        """Take the next bytes of the tar.

        Raises:
            InvalidLayer: not a tar, or a broken one.
            LayerTooLarge: beyond the limit.
            NotSupported: a kind of member that no layer has.
        """
        view = memoryview(self._carry + bytes(chunk) if self._carry else chunk).cast("B")
        self._carry = b""
        end = len(view)
        if self._position + end > self._limit:
            raise LayerTooLarge(f"the layer expands to more than {self._limit} bytes")
        at = 0
        while at < end and self._zero_blocks < _END:
            if self._wanted:
                at = self._take(view, at, end)
            elif self._padding:
                skipped = min(self._padding, end - at)
                self._padding -= skipped
                self._position += skipped
                at += skipped
            elif end - at < BLOCK:
                self._carry = bytes(view[at:])
                return
            elif self._sparse is not None:
                self._read_map(*self._sparse, view[at : at + BLOCK])
                at += BLOCK
            else:
                at = self._read_members(view, at, end)
        self._position += end - at

    def skip(self) -> int:
        """How many bytes of content may be left out before the next `feed`; they count as taken. For those who seek."""
        if self._extensions.reading or self._expansion is not None or self._carry:
            return 0
        skipped = self._wanted + self._padding
        self._wanted = self._padding = 0
        self._position += skipped
        return skipped

    def finish(self) -> None:
        """Call after the last chunk. A missing end mark is forgiven, as everywhere, and so is a header for no member.

        Raises:
            InvalidLayer: the tar is truncated.
        """
        if self._wanted or self._padding or self._carry or self._sparse:
            raise InvalidLayer(f"the layer's tar is truncated: it ends after {self.size} bytes")

    def _read_members(self, view: memoryview, at: int, end: int) -> int:
        """Read headers, and contents that are here whole, from `at` on; returns where it stopped."""
        # Listing a layer spends its time in this loop.
        begin, content = self._sink.begin, self._sink.content
        start = self._position - at
        while end - at >= BLOCK:
            self._position = start + at
            block = view[at : at + BLOCK]
            at += BLOCK
            if not block[0] and block == _ZEROS:
                self._zero_blocks += 1
                if self._zero_blocks == _END:
                    break
                continue
            header = self._header(block)
            if header is None:  # an extended header or a sparse file, whose content comes now
                break
            begin(header)
            if header.type is not EntryType.REGULAR:
                continue
            size = header.size
            if size > end - at:
                self._wanted = size
                self._padding = -size % BLOCK
                break
            content(view[at : at + size], True)  # noqa: FBT003
            at += size + (-size % BLOCK)
            if at > end:
                self._padding = at - end
                at = end
                break
        self._position = start + at
        return at

    def _take(self, view: memoryview, at: int, end: int) -> int:
        count = min(self._wanted, end - at)
        data = view[at : at + count]
        self._wanted -= count
        self._position += count
        if self._expansion is not None:
            for piece in self._expansion.feed(data):
                self._sink.content(piece, False)  # noqa: FBT003
            if not self._wanted:
                self._end_expansion(self._expansion)
        elif self._extensions.reading:
            self._extensions.take(data, last=not self._wanted)
        else:
            self._sink.content(data, not self._wanted)
        return at + count

    def _header(self, block: memoryview) -> Header | None:
        if self._zero_blocks:
            raise InvalidLayer(f"the layer's tar has a lone block of zeros before offset {self._position}")
        name, mode, uid, gid, size, mtime, checksum, flag, link, magic = FIELDS.unpack_from(block)
        if not checksum_holds(block, checksum):
            raise self._damaged()
        length = number(size)
        if length < 0:
            raise InvalidLayer(f"an entry at offset {self._position} has a negative size")
        if flag in EXTENSIONS:
            self._extensions.begin(flag, length, self._position)
            self._wanted = length
            self._padding = -length % BLOCK
            return None
        kind = EntryType.REGULAR if flag == _SPARSE else TYPES.get(flag)
        name = name.partition(b"\0")[0]
        if kind is None:
            raise _unknown(flag, name)
        name = prefixed(name, block, magic)
        header = Header(
            name, kind, number(mode) & 0o7777, number(uid), number(gid), length, number(mtime),
            link.partition(b"\0")[0], self._position + BLOCK,
        )  # fmt: skip
        if kind is EntryType.CHARACTER or kind is EntryType.BLOCK:
            header.major, header.minor = device(block)
        records = self._extensions.amend(header) if self._extensions.pending else {}
        if flag == _SPARSE or sparse.is_sparse(records):
            self._begin_sparse(header, block if flag == _SPARSE else None, records)
            return None
        if not flag and header.name.endswith(b"/"):  # how tars wrote directories before they had a type
            header.type = EntryType.DIRECTORY
        if header.type is not EntryType.REGULAR:
            header.size = 0
        self._check(header)
        return header

    def _begin_sparse(self, header: Header, block: memoryview | None, records: pax.Records) -> None:
        """Take a sparse file's header: with GNU's own `block`, or with what pax `records` say."""
        if header.type is not EntryType.REGULAR:
            raise InvalidLayer(f"{show(header.name)} is sparse, and no file")
        header.name = sparse.real_name(records) or header.name
        self._wanted = header.size
        self._padding = -header.size % BLOCK
        if block is not None:
            known = sparse.GnuMap(block, number)
            header.size = known.size
            if known.whole:
                self._begin_expansion(header, tuple(known.segments))
            else:
                self._hold(header, known)
            return
        header.size = pax.number({b"size": sparse.real_size(records)}, b"size") or 0
        segments = sparse.inline_map(records)
        if segments is None:
            self._hold(header, sparse.PaxMap())
        else:
            self._begin_expansion(header, segments)

    def _hold(self, header: Header, unread: sparse.GnuMap | sparse.PaxMap) -> None:
        # The blocks of the map come first, the stored content after them.
        self._stored, self._wanted, self._padding = self._wanted, 0, 0
        self._sparse = (header, unread)

    def _read_map(self, header: Header, unread: sparse.GnuMap | sparse.PaxMap, block: memoryview) -> None:
        self._position += BLOCK
        if unread.take(block):
            self._sparse = None
            # Version 1.0 counts its map as content, the old form does not.
            self._wanted = self._stored - (unread.blocks * BLOCK if isinstance(unread, sparse.PaxMap) else 0)
            self._padding = -self._wanted % BLOCK
            header.offset = self._position
            self._begin_expansion(header, tuple(unread.segments))

    def _begin_expansion(self, header: Header, segments: sparse.Segments) -> None:
        self._check(header)
        expansion = sparse.SparseExpansion(segments, header.size, self._wanted)
        self._holes += header.size - self._wanted
        if self._position + self._holes > self._limit:
            raise LayerTooLarge(f"the files of the layer have more than {self._limit} bytes, holes included")
        header.sparse = segments
        self._sink.begin(header)
        if self._wanted:
            self._expansion = expansion
        else:
            self._end_expansion(expansion)

    def _end_expansion(self, expansion: sparse.SparseExpansion) -> None:
        for piece in expansion.finish():
            self._sink.content(piece, False)  # noqa: FBT003
        self._sink.content(memoryview(b""), True)  # noqa: FBT003
        self._expansion = None

    def _damaged(self) -> InvalidLayer:
        if self._position == 0:
            return InvalidLayer("the layer is not a tar archive")
        return InvalidLayer(f"the layer's tar has a damaged header at offset {self._position}")

    def _check(self, header: Header) -> None:
        if min(header.uid, header.gid, header.major, header.minor, header.size) < 0:
            raise InvalidLayer(f"{show(header.name)} has a negative number in its header")
        if max(header.uid, header.gid, header.major, header.minor) >= 1 << 32:
            raise InvalidLayer(f"{show(header.name)} has an owner or device number of more than 32 bits")
        if NOBODY in (header.uid, header.gid):
            # To the kernel that means: leave it whose it is, and it is root's who unpacks it.
            raise InvalidLayer(f"{show(header.name)} belongs to {NOBODY}, whom there cannot be")
        if header.size > self._limit:
            raise LayerTooLarge(f"{show(header.name)} claims {header.size} bytes, over the limit of {self._limit}")
        if not -_LATEST <= header.mtime <= _LATEST:
            header.mtime = 0  # no file system can hold it; docker takes the epoch too


def _unknown(flag: int, name: bytes) -> NotSupported:
    return NotSupported(
        f"{show(name)} is of the tar type {chr(flag)!r}, which layers do not have",
        hint="Ask the publisher to make the image again with another tool",
    )
