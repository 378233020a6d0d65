"""A writer of canonical tars: one way to write each entry, so that equal trees give equal bytes.

The form is POSIX ustar, and a pax extended header where a value does not fit. There are no names of users, no times but
the mtime, and nothing that depends on the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import pax
from .entry import Entry, EntryType
from .header import BLOCK
from .tree import sort_key
from .whiteout import opaque_name, whiteout_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["END", "header", "in_order", "padding"]

#: What ends a tar.
END: Final = bytes(2 * BLOCK)

_NAME_ROOM: Final = 100
_ID_LIMIT: Final = 8**7
_SIZE_LIMIT: Final = 8**11
_PAX_NAME: Final = b"PaxHeaders/entry"


def header(entry: Entry) -> bytes:
    """The header blocks of an entry; the content of a regular file, and `padding`, come after them."""
    name = entry.name + b"/" if entry.is_dir else entry.name
    name = b"./" if name == b"/" else name
    size = entry.size if entry.type is EntryType.REGULAR else 0
    link = entry.link if entry.type in (EntryType.HARDLINK, EntryType.SYMLINK) else b""
    records: pax.Records = {}

    def fit(key: bytes, value: int, limit: int) -> int:
        if 0 <= value < limit:
            return value
        records[key] = b"%d" % value
        return 0

    if len(name) > _NAME_ROOM:
        records[b"path"] = name
    if len(link) > _NAME_ROOM:
        records[b"linkpath"] = link
    for key, value in (entry.xattrs or {}).items():
        records[pax.XATTR + key.encode("utf-8", "surrogateescape")] = value
    numbers = (
        entry.mode,
        fit(b"uid", entry.uid, _ID_LIMIT),
        fit(b"gid", entry.gid, _ID_LIMIT),
        fit(b"size", size, _SIZE_LIMIT),
        fit(b"mtime", entry.mtime, _SIZE_LIMIT),
    )
    block = _block(name, b"%d" % entry.type, link, numbers, (entry.major, entry.minor))
    if not records:
        return block
    extended = pax.write(records)
    return (
        _block(_PAX_NAME, b"x", b"", (0o644, 0, 0, len(extended), 0), (0, 0))
        + extended
        + padding(len(extended))
        + block
    )


def in_order(
    entries: Iterable[Entry], whiteouts: Iterable[bytes] = (), opaque: Iterable[bytes] = ()
) -> Iterator[Entry]:
    """The members of a layer in their one order: by name as bytes, removals before the siblings of what they remove.

    Args:
        entries: what the layer has.
        whiteouts: names that it removes.
        opaque: directories whose lower content it hides.
    """
    order = [(b"\0" + sort_key(entry.name), entry) for entry in entries]
    for name in whiteouts:
        parent, _, base = name.rpartition(b"/")
        # Two zeros sort before any sibling, which has one zero and a byte of its name.
        key = (b"\0" + sort_key(parent) if parent else b"") + b"\0\0" + base
        order.append((key, Entry(whiteout_name(name), EntryType.REGULAR, mode=0)))
    for name in opaque:
        key = (b"\0" + sort_key(name) if name else b"") + b"\0\0"
        order.append((key, Entry(opaque_name(name), EntryType.REGULAR, mode=0)))
    order.sort(key=_first)
    return (entry for _, entry in order)


def padding(size: int) -> bytes:
    """The zeros after a content of `size` bytes."""
    return bytes(-size % BLOCK)


def _block(name: bytes, flag: bytes, link: bytes, numbers: tuple[int, ...], device: tuple[int, int]) -> bytes:
    start = _field(name) + b"%07o\0%07o\0%07o\0%011o\0%011o\0" % numbers
    end = flag + _field(link) + b"ustar\x0000" + bytes(64) + b"%07o\0%07o\0" % device
    checksum = b"%06o\0 " % (sum(start) + sum(end) + 8 * 0x20)
    return (start + checksum + end).ljust(BLOCK, b"\0")


def _first(pair: tuple[bytes, Entry]) -> bytes:
    return pair[0]


def _field(text: bytes) -> bytes:
    return text[:_NAME_ROOM].ljust(_NAME_ROOM, b"\0")
