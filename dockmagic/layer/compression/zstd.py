"""Zstandard (RFC 8878)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from .algorithm import Algorithm, EncoderWriter

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from .algorithm import WriteOptions, Writer

__all__ = ["ALGORITHM"]

_LEVEL: Final = 3


def _writer(out: BinaryIO, options: WriteOptions) -> Writer:
    return EncoderWriter(out, zstd.ZstdCompressor(level=_LEVEL if options.level is None else options.level))


ALGORITHM: Final = Algorithm(
    word="zstd",
    suffixes=(".zst", ".tzst"),
    # A skippable frame (section 3.1.2) may come before the first frame.
    magics=(b"\x28\xb5\x2f\xfd", *(bytes((first,)) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
    member=zstd.ZstdDecompressor,
    errors=(zstd.ZstdError,),
    writer=_writer,
    highest_level=22,
)
