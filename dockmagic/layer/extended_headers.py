"""Extended headers: what stands before a tar's header and says more of its member (pax; GNU's long names)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidLayer

from . import pax
from .entry import FOREIGN_XATTRS
from .header import show

if TYPE_CHECKING:
    from .header import Header

__all__ = ["EXTENSIONS", "ExtendedHeaders"]

# The longest extended header that is believed.
_LIMIT: Final = 1 << 20

_PAX: Final = ord("x")
_PAX_GLOBAL: Final = ord("g")
_LONG_NAME: Final = ord("L")
_LONG_LINK: Final = ord("K")
#: Type flags of members that are extended headers.
EXTENSIONS: Final = frozenset((_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK))

_FOREIGN_XATTRS: Final = tuple(pax.XATTR + name.encode() for name in FOREIGN_XATTRS)


class ExtendedHeaders:
    """The extended headers before one member; they are read, then applied to its header, and forgotten.

    Attributes:
        reading: whether the content of one is being read.
        pending: whether there is something to apply.
    """

    def __init__(self) -> None:
        self.reading = False
        self.pending = False
        self._flag = 0
        self._gathered = bytearray()
        self._records: pax.Records = {}
        self._long_name: bytes | None = None
        self._long_link: bytes | None = None

    def begin(self, flag: int, size: int, position: int) -> None:
        """Begin an extended header of `size` bytes at the offset `position` of the tar.

        Raises:
            InvalidLayer: it is too long.
        """
        if size > _LIMIT:
            raise InvalidLayer(f"the extended header at offset {position} has {size} bytes, more than any needs")
        self._flag = flag
        self._gathered = bytearray()
        self.reading = True
        if not size:
            self.take(b"", last=True)

    def take(self, data: memoryview | bytes, *, last: bool) -> None:
        """Take the next bytes of its content.

        Raises:
            InvalidLayer: its records are broken.
        """
        self._gathered += data
        if not last:
            return
        self.reading = False
        content = bytes(self._gathered)
        if self._flag == _LONG_NAME:
            self._long_name = content.partition(b"\0")[0]
        elif self._flag == _LONG_LINK:
            self._long_link = content.partition(b"\0")[0]
        elif self._flag == _PAX:
            self._records = pax.parse(content)
        # Global records are ignored, as docker and containerd do: git writes a comment there.
        self.pending = bool(self._records) or self._long_name is not None or self._long_link is not None

    def amend(self, header: Header) -> pax.Records:
        """Apply what the extended headers before a header say of it; their records."""
        records, self._records = self._records, {}
        header.name = records.get(b"path") or self._long_name or header.name
        header.link = records.get(b"linkpath") or self._long_link or header.link
        self._long_name = self._long_link = None
        self.pending = False
        for field in ("size", "uid", "gid", "mtime"):
            value = pax.number(records, field.encode())
            if value is not None:
                setattr(header, field, value)
        try:
            xattrs = {
                key.removeprefix(pax.XATTR).decode(): records[key]
                for key in sorted(records)
                if key.startswith(pax.XATTR) and not key.startswith(_FOREIGN_XATTRS)
            }
        except UnicodeDecodeError:
            raise InvalidLayer(f"{show(header.name)} has an extended attribute whose name is not UTF-8") from None
        header.xattrs = xattrs or None
        return records
