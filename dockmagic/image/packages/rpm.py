"""Packages of Fedora, Red Hat and SUSE: the SQLite database of rpm 4.16 and later.

Each row has the header of a package: counts of index entries and bytes, the index, the data (rpm's documentation,
"RPM V4 Package format", "Header structure"; numbers are big-endian). The databases of earlier versions (Berkeley DB)
and of SUSE (ndb) are named as unread.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Final

from .package import PackageRecord
from .reader import PackageReader, Unreadable, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.layer.entry import Entry

    from .reader import FileContent

__all__ = ["READER"]

_FOLDERS: Final = (b"var/lib/rpm", b"usr/lib/sysimage/rpm", b"usr/share/rpm")
_SQLITE: Final = b"rpmdb.sqlite"
_WRITE_AHEAD: Final = b"rpmdb.sqlite-wal"
_EARLIER: Final = {b"Packages": "Berkeley DB (before rpm 4.16)", b"Packages.db": "ndb"}
_LIMIT: Final = 512 << 20

_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH = 1000, 1001, 1002, 1003, 1022
_DIR_INDEXES, _BASE_NAMES, _DIR_NAMES = 1116, 1117, 1118
_INT32, _STRING, _STRINGS, _I18N = 4, 6, 8, 9


def _wants(name: bytes, _entry: Entry) -> bool:
    folder, _, base = name.rpartition(b"/")
    return folder in _FOLDERS and (base in (_SQLITE, _WRITE_AHEAD) or base in _EARLIER)


def _read(content: FileContent) -> Iterator[PackageRecord]:
    name = content.entry.name.rpartition(b"/")[2]
    if name in _EARLIER:
        raise Unreadable(f"it is a database of rpm in the form {_EARLIER[name]}, of which only SQLite is read")
    if name == _WRITE_AHEAD:
        raise Unreadable("it has changes of the database that were not yet written into it")
    try:
        for header in _headers(whole(content, _LIMIT)):
            if (record := _record(header)) is not None:
                yield record
    except (sqlite3.Error, struct.error, ValueError, IndexError) as error:
        raise Unreadable(f"it is no SQLite database of rpm: {error}") from error


def _headers(database: bytes) -> Iterator[bytes]:
    # Bytes 18 and 19 ask for a write-ahead log beside the file; in memory there is none (sqlite.org/fileformat).
    plain = database[:18] + b"\1\1" + database[20:]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(plain)
        for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum"):
            if isinstance(blob, bytes):
                yield blob


def _record(header: bytes) -> PackageRecord | None:
    count, _ = struct.unpack_from(">II", header)
    start = 8 + 16 * count
    index = {
        tag: (kind, start + offset, items) for tag, kind, offset, items in struct.iter_unpack(">IIII", header[8:start])
    }

    def texts(tag: int) -> list[bytes]:
        kind, offset, items = index.get(tag, (_STRING, 0, 0))
        if kind not in (_STRING, _STRINGS, _I18N) or not items:
            return []
        return header[offset:].split(b"\0", items)[:items]

    def numbers(tag: int) -> tuple[int, ...]:
        kind, offset, items = index.get(tag, (_INT32, 0, 0))
        return struct.unpack_from(f">{items}I", header, offset) if kind == _INT32 and items <= len(header) else ()

    name, version, release, architecture = (
        b"".join(texts(tag)[:1]).decode(errors="replace") for tag in (_NAME, _VERSION, _RELEASE, _ARCH)
    )
    # Keys that somebody imported are kept as packages without content.
    if not name or name == "gpg-pubkey":
        return None
    epoch = "".join(map(str, numbers(_EPOCH)[:1]))
    plain = f"{version}-{release}"
    folders = texts(_DIR_NAMES)
    files = (folders[place] + base for place, base in zip(numbers(_DIR_INDEXES), texts(_BASE_NAMES), strict=False))
    return PackageRecord(
        type="rpm", name=name, version=f"{epoch}:{plain}" if epoch else plain,
        architecture=architecture, url_version=plain, qualifiers={"epoch": epoch},
        files=tuple(file.strip(b"/") for file in files),
    )  # fmt: skip


READER: Final = PackageReader(_wants, _read)
