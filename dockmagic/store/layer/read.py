"""One file's content out of a compressed layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.oci.media import Compression

    from .entry import Entry

__all__ = ["read_content"]


def read_content(layer: BinaryIO, compression: Compression, entry: Entry) -> Iterator[bytes]:
    """The content of a file, chunk by chunk.

    Args:
        layer: the compressed layer, from its beginning: that of `Node.source`.
        compression: what its media type claims.
        entry: a regular file or hard link of that layer.

    Raises:
        InvalidLayer: the layer is broken, or its content at this place is not what the entry's digest says.
        NotSupported: the entry has no content, such as a directory.
    """
    raise NotImplementedError
