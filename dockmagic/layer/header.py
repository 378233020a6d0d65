"""The header block of a tar's member: its fields, read by hand for speed, as ustar and GNU's tar write them."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.oci.errors import InvalidLayer

from .entry import EntryType

if TYPE_CHECKING:
    from . import sparse

__all__ = ["BLOCK", "FIELDS", "TYPES", "Header", "checksum_holds", "device", "number", "prefixed", "show"]

#: A tar consists of blocks of this many bytes.
BLOCK: Final = 512

#: Name, mode, uid, gid, size, mtime, checksum, type flag, link name, magic and version; the rest is read when needed.
FIELDS: Final = struct.Struct("100s8s8s8s12s12s8sB100s8s")
_DEVICES: Final = struct.Struct("8s8s")
_DEVICES_AT: Final = 329
_PREFIX: Final = slice(345, 500)
_USTAR: Final = b"ustar\x0000"
_SPACES: Final = 8 * 0x20
_ADLER: Final = 65521


#: What each type flag means; the rest are extended headers, or no part of a layer.
TYPES: Final = {
    0: EntryType.REGULAR,
    ord("0"): EntryType.REGULAR,
    ord("1"): EntryType.HARDLINK,
    ord("2"): EntryType.SYMLINK,
    ord("3"): EntryType.CHARACTER,
    ord("4"): EntryType.BLOCK,
    ord("5"): EntryType.DIRECTORY,
    ord("6"): EntryType.FIFO,
    ord("7"): EntryType.REGULAR,  # "contiguous"
}


class Header(msgspec.Struct, gc=False):
    """What a member's headers say together, not yet judged.

    Attributes:
        name: the path as written.
        type: what it is.
        mode: permission bits.
        uid: owner's number.
        gid: group's number.
        size: bytes of content.
        mtime: whole seconds.
        link: the link target as written.
        offset: of the content in the tar, in bytes.
        major: device number.
        minor: device number.
        xattrs: extended attributes in name order, or None.
        sparse: where the stored pieces of a sparse file belong, or None.
    """

    name: bytes
    type: EntryType
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    link: bytes
    offset: int
    major: int = 0
    minor: int = 0
    xattrs: dict[str, bytes] | None = None
    sparse: sparse.Segments | None = None


def show(name: bytes) -> str:
    """A name of any bytes and length, for an error's one line."""
    text = repr(name[:120].decode("utf-8", "backslashreplace"))
    return text if len(name) <= 120 else text + "…"


def number(field: bytes) -> int:
    """A numeric field: octal digits, or GNU's base 256 with the sign bit below the mark."""
    try:
        return int(field.partition(b"\0")[0] or b"0", 8)
    except ValueError:
        pass
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    digits = field.strip(b" \0")
    try:
        return int(digits or b"0", 8)
    except ValueError:
        raise InvalidLayer(f"the layer's tar has {field!r} where a number belongs") from None


def prefixed(name: bytes, block: memoryview, magic: bytes) -> bytes:
    """A name with the folders that ustar keeps apart from it."""
    if magic == _USTAR and block[_PREFIX.start]:
        return bytes(block[_PREFIX]).partition(b"\0")[0] + b"/" + name
    return name


def device(block: memoryview) -> tuple[int, int]:
    """A device's major and minor number."""
    major, minor = _DEVICES.unpack_from(block, _DEVICES_AT)
    return number(major), number(minor)


def checksum_holds(block: memoryview, field: bytes) -> bool:
    """Whether a block has the checksum that its `field` says, added from unsigned or, in old tars, signed bytes."""
    # The sum of all bytes, with spaces in the checksum's own place. Adler-32's lower half is that sum plus one,
    # modulo a prime: it tells the same, and Python would need thirty times as long to add.
    expected = number(field)
    if not ((zlib.adler32(block) & 0xFFFF) - 1 - sum(field) + _SPACES - expected) % _ADLER:
        return True
    return sum(block.cast("b")) - sum(memoryview(field).cast("b")) + _SPACES == expected
