"""New layers: written from a tar straight into the store, digested, listed and compressed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import msgspec

if TYPE_CHECKING:
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore

__all__ = ["NewLayer", "store_tar"]


class NewLayer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer that is in the store, with its file table.

    Attributes:
        descriptor: of the blob.
        diff_id: of its tar.
        size: bytes of its files.
    """

    descriptor: Descriptor
    diff_id: Digest
    size: int


def store_tar(store: ContentStore, tar: BinaryIO, *, reproducible: bool = False) -> NewLayer:
    """Take an uncompressed layer into the store, compressed once with gzip; call it within a lease.

    Args:
        store: where to.
        tar: from its present position to its end.
        reproducible: the same bytes on every machine (zlib), instead of fast (isal in two threads).

    Raises:
        InvalidLayer: it is no layer.
        OutOfSpace: the disk is full; nothing is kept.
    """
    raise NotImplementedError
