"""The table of contents of a layer: what it holds and what it removes, without the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from dockmagic.oci.errors import InvalidContent, StoreTooNew

from .entry import Entry, EntryType  # noqa: TC001  msgspec reads the annotations

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["LayerTOC"]

_MAGIC: Final = b"dmtable\x01"  # the last byte is the version of the form
_SIZE: Final = 8


class LayerTOC(msgspec.Struct, frozen=True, array_like=True):
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

    #: Bytes that `peek_content_size` needs: magic and size, which listings read for many layers at once.
    HEAD: ClassVar[int] = 16

    entries: list[Entry]
    implied: frozenset[bytes]
    whiteouts: tuple[bytes, ...]
    opaque: tuple[bytes, ...]
    loose: tuple[bytes, ...]
    size: int

    @property
    def content_size(self) -> int:
        """Bytes of the regular files, hard links not counted again: docker's notion of a layer's size."""
        return sum(entry.size for entry in self.entries if entry.type is EntryType.REGULAR)

    @property
    def needs_parent(self) -> bool:
        """Whether unpacking it needs the layers below: implied directories, or links into a lower layer."""
        return bool(self.implied or self.loose)

    def __len__(self) -> int:
        return len(self.entries)

    def dumps(self) -> bytes:
        """Compact bytes for the disk."""
        return _MAGIC + self.content_size.to_bytes(_SIZE, "big") + _ENCODER.encode(self)

    @classmethod
    def loads(cls, data: Buffer) -> LayerTOC:
        """What `dumps` wrote.

        Raises:
            StoreTooNew: of a later version of the form.
            InvalidContent: not a file table.
        """
        cls.peek_content_size(data)
        try:
            return _DECODER.decode(memoryview(data)[cls.HEAD :])
        except msgspec.DecodeError:
            raise InvalidContent("a layer's file table is damaged", hint="Pull the image again") from None

    @classmethod
    def peek_content_size(cls, head: Buffer) -> int:
        """The `content_size`, from the first `HEAD` bytes of what `dumps` wrote.

        Raises:
            StoreTooNew: of a later version of the form.
            InvalidContent: not a file table.
        """
        head = bytes(memoryview(head)[: cls.HEAD])
        magic = head[: len(_MAGIC)]
        if magic[:-1] == _MAGIC[:-1] and magic > _MAGIC:
            raise StoreTooNew("a layer's file table is of a later version")
        if magic != _MAGIC or len(head) < cls.HEAD:
            raise InvalidContent("a layer's file table is damaged", hint="Pull the image again")
        return int.from_bytes(head[len(_MAGIC) :], "big")


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(LayerTOC)
