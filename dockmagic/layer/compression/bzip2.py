"""bzip2."""

from __future__ import annotations

import bz2
from typing import TYPE_CHECKING, BinaryIO, Final

from .algorithm import Algorithm, EncoderWriter

if TYPE_CHECKING:
    from .algorithm import WriteOptions, Writer

__all__ = ["ALGORITHM"]

_HIGHEST: Final = 9


def _writer(out: BinaryIO, options: WriteOptions) -> Writer:
    return EncoderWriter(out, bz2.BZ2Compressor(_HIGHEST if options.level is None else max(options.level, 1)))


ALGORITHM: Final = Algorithm(
    word="bzip2",
    suffixes=(".bz2", ".tbz2"),
    magics=(b"BZh",),
    member=bz2.BZ2Decompressor,
    errors=(OSError, EOFError),  # bz2 has no error of its own
    writer=_writer,
    highest_level=_HIGHEST,
)
