"""The table of compression algorithms: one for each member of `Compression`, from the module of the same name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import NotSupported
from dockmagic.oci.media import Compression

if TYPE_CHECKING:
    from .algorithm import Algorithm

__all__ = ["ALGORITHMS", "LONGEST_MAGIC", "WRITABLE", "detect"]

ALGORITHMS: Final[dict[Compression, Algorithm]] = {
    compression: import_module(f".{compression.name.lower()}", __package__).ALGORITHM for compression in Compression
}

#: Those that layers are written with: the specification has a media type for them.
WRITABLE: Final = {compression: ALGORITHMS[compression] for compression in Compression if compression.is_standard}

_MAGICS: Final = [(magic, compression) for compression, each in ALGORITHMS.items() for magic in each.magics]

#: Compressions that no engine reads, by their magic bytes.
_REFUSED: Final = {b"LZIP": "lzip"}

#: Bytes of a layer that `detect` looks at.
LONGEST_MAGIC: Final = max(len(magic) for magic, _ in _MAGICS)


def detect(head: bytes) -> Compression:
    """The compression that the first `LONGEST_MAGIC` bytes of a layer or archive tell; none, if they tell nothing.

    Raises:
        NotSupported: compressed in a way that no engine reads.
    """
    for magic, compression in _MAGICS:
        if head.startswith(magic):
            return compression
    for magic, name in _REFUSED.items():
        if head.startswith(magic):
            raise NotSupported(f"a layer is compressed with {name}", hint="Ask the publisher for gzip or zstd layers")
    return Compression.NONE
