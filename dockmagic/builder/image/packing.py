"""How the layers of a result are compressed: ``compression``, ``compression-level`` and ``force-compression``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

from dockmagic.image.layer_writer import recompress
from dockmagic.layer.compression.table import WRITABLE
from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.oci.media import Compression, compression_of

if TYPE_CHECKING:
    from collections.abc import Container

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer
    from dockmagic.image.layer_writer import Keep
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore

__all__ = ["Packing", "repack"]


class Packing(msgspec.Struct, frozen=True):
    """What an output asks for.

    Attributes:
        compression: of the layers.
        level: of it; None for the usual one.
        force: of those of the base image, too.
    """

    compression: Compression
    level: int | None = None
    force: bool = False

    @classmethod
    def parse(cls, word: str, level: str, *, force: bool) -> Self | None:
        """The options of an output; None where they leave all as it is.

        Raises:
            NotSupported: another compression.
            InvalidInput: a level that it does not have.
        """
        words = {algorithm.output_word: compression for compression, algorithm in WRITABLE.items()}
        if word and word not in words:
            raise NotSupported(f"layers cannot be compressed with {word}", hint=f"Use one of {', '.join(words)}")
        if not (word or level or force):
            return None
        compression = words[word] if word else Compression.GZIP
        highest = WRITABLE[compression].highest_level
        if level and not (level.isascii() and level.isdecimal() and int(level) <= highest):
            raise InvalidInput(f"invalid compression-level {level!r} of {word or 'gzip'}", hint=f"Use 0 to {highest}")
        return cls(compression, int(level) if level else None, force)


def repack(
    store: ContentStore,
    image: Image,
    packing: Packing,
    keep: Keep,
    *,
    own: Container[Digest],
    reproducible: bool,
) -> list[Descriptor]:
    """The layers of `image` as `packing` says; their DiffIDs stay what they are.

    Args:
        store: where they go.
        image: in the store.
        packing: how.
        keep: of the lease that this happens in.
        own: DiffIDs of layers that this build has made: others are changed only by force.
        reproducible: the same bytes on every machine.

    Raises:
        OutOfSpace: the disk is full.
    """

    def is_wanted(layer: Layer) -> bool:
        if not packing.force and layer.diff_id not in own:
            return False
        known = compression_of(layer.descriptor.media_type)
        return known is not packing.compression or packing.level is not None

    def packed(layer: Layer) -> Descriptor:
        return recompress(
            store,
            layer,
            keep,
            compression=packing.compression,
            level=packing.level,
            reproducible=reproducible,
        )

    return [packed(layer) if is_wanted(layer) else layer.descriptor for layer in image.layers]
