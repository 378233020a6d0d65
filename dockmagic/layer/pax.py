"""The records of pax extended headers (POSIX, pax, "pax Extended Header"): read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidLayer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["XATTR", "Records", "number", "parse", "whole", "write"]


Records = dict[bytes, bytes]

#: What stands before an extended attribute's name, in layers as in star and GNU tar.
XATTR: Final = b"SCHILY.xattr."

_LONGEST_NUMBER: Final = 20
_MAP: Final = b"GNU.sparse.map"
_MAP_PIECES: Final = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")


def parse(data: bytes) -> Records:
    """The records of one extended header; of repeated ones the last.

    Raises:
        InvalidLayer: not of the form ``LENGTH KEY=VALUE`` and a line feed.
    """
    records: Records = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at)
        length = whole(data[at:space]) if space > at else None
        if length is None:
            raise InvalidLayer("a pax header has a record without a length")
        end = at + length
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space or data[end - 1 : end] != b"\n" or not equals or not key:
            raise InvalidLayer("a pax header has a broken record")
        if key in _MAP_PIECES:
            # The first version of GNU's sparse files repeats keys; the second has one list, which we make of them too.
            value = records[_MAP] + b"," + value if _MAP in records else value
            key = _MAP
        records[key] = value
        at = end
    return records


def number(records: Mapping[bytes, bytes], key: bytes) -> int | None:
    """The whole number in a record, rounded down; None if it is not there or empty.

    Raises:
        InvalidLayer: not a number.
    """
    value = records.get(key)
    if not value:
        return None
    text, _, fraction = value.partition(b".")
    negative = text.startswith(b"-")
    found = whole(text.removeprefix(b"-"))
    if found is None or (fraction and not fraction.isdigit()):
        raise InvalidLayer(f"a pax header has {value[:40]!r} where a number belongs")
    # Of a time before the epoch, the fraction goes the other way.
    return -found - (fraction.strip(b"0") != b"") if negative else found


def whole(digits: bytes) -> int | None:
    """Decimal digits as a number, as many zeros as there may be before them; None for anything else."""
    significant = digits.lstrip(b"0")
    if not digits.isdigit() or len(significant) > _LONGEST_NUMBER:
        return None
    return int(significant or b"0")


def write(records: Mapping[bytes, bytes]) -> bytes:
    """The records as an extended header's content, sorted by key."""
    return b"".join(_record(key, records[key]) for key in sorted(records))


def _record(key: bytes, value: bytes) -> bytes:
    rest = b" %b=%b\n" % (key, value)
    length = len(rest)
    while length != len(rest) + len(str(length)):  # the length counts its own digits
        length = len(rest) + len(str(length))
    return b"%d%b" % (length, rest)
