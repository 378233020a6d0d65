"""gzip (RFC 1952): read and written by isal, or by zlib where the bytes have to be the same on every machine."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

from isal import igzip_lib, isal_zlib

from .algorithm import Algorithm, EncoderWriter

if TYPE_CHECKING:
    from .algorithm import WriteOptions, Writer

__all__ = ["ALGORITHM"]

# Of zlib's levels, docker's choice; isal's levels are its own, and 1 is as fast as 0 but denser.
_ZLIB_LEVEL: Final = 6
_ISAL_LEVEL: Final = 1
_WINDOW: Final = 31  # zlib's way to say: gzip header, 32 KiB window


def _writer(out: BinaryIO, options: WriteOptions) -> Writer:
    if options.reproducible or options.level is not None:
        level = _ZLIB_LEVEL if options.level is None else options.level
        return EncoderWriter(out, zlib.compressobj(level, zlib.DEFLATED, _WINDOW))
    if options.threads > 1:
        from isal import igzip_threaded

        # The blocks of one member, each with the end of the one before as its dictionary.
        return igzip_threaded.open(out, "wb", _ISAL_LEVEL, threads=options.threads)  # type: ignore[no-untyped-call, no-any-return]
    return EncoderWriter(out, isal_zlib.compressobj(_ISAL_LEVEL, isal_zlib.DEFLATED, _WINDOW))


ALGORITHM: Final = Algorithm(
    word="gzip",
    suffixes=(".gz", ".tgz"),
    magics=(b"\x1f\x8b",),
    member=lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
    errors=(igzip_lib.IsalError,),  # type: ignore[arg-type]  # the stubs take the class for an instance
    writer=_writer,
    highest_level=9,
)
