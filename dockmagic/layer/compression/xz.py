"""xz."""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING, BinaryIO, Final

from .algorithm import Algorithm, EncoderWriter

if TYPE_CHECKING:
    from .algorithm import WriteOptions, Writer

__all__ = ["ALGORITHM"]

# What a stream may have decoders hold: more than `xz -9` needs (65 MiB).
_MEMORY: Final = 100 << 20


def _writer(out: BinaryIO, options: WriteOptions) -> Writer:
    return EncoderWriter(out, lzma.LZMACompressor(preset=options.level))


ALGORITHM: Final = Algorithm(
    word="xz",
    suffixes=(".xz", ".txz"),
    magics=(b"\xfd7zXZ\0",),
    member=lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
    errors=(lzma.LZMAError,),
    writer=_writer,
    highest_level=9,
)
