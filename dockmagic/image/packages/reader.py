"""What a reader of one kind of package is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Buffer

    from dockmagic.layer.entry import Entry

    from .package import Distribution, PackageRecord

__all__ = ["FileContent", "PackageReader", "Unreadable", "whole"]

#: Bytes of a file that are held in memory at most, unless a reader says otherwise.
_LIMIT: Final = 64 << 20


class Unreadable(Exception):
    """A file that tells of packages cannot be read; the text says why, for people."""


class FileContent(NamedTuple):
    """A file of an image, and its content.

    Attributes:
        entry: the file.
        chunks: its content, to be read once and in order; what is not read is skipped.
    """

    entry: Entry
    chunks: Iterable[Buffer]


class PackageReader(NamedTuple):
    """The files of one kind that tell of packages.

    Attributes:
        wants: whether a file of this name is of that kind.
        read: the packages that such a file tells of, or the distribution; raises `Unreadable`.
    """

    wants: Callable[[bytes, Entry], bool]
    read: Callable[[FileContent], Iterable[PackageRecord | Distribution]]


def whole(content: FileContent, limit: int = _LIMIT) -> bytes:
    """The whole content.

    Raises:
        Unreadable: it has more than `limit` bytes.
    """
    size = content.entry.size
    if size > limit:
        raise Unreadable(f"it has {size:,} bytes, more than the {limit:,} that are read of such a file")
    return b"".join(content.chunks)
