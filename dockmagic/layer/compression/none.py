"""No compression: the plain tar."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from .algorithm import Algorithm

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .algorithm import WriteOptions

__all__ = ["ALGORITHM"]


class _PlainWriter:
    def __init__(self, out: BinaryIO, _options: WriteOptions) -> None:
        self._out = out

    def write(self, data: Buffer, /) -> int:
        size = memoryview(data).nbytes
        if size:
            self._out.write(data)
        return size

    def close(self) -> None:
        pass


ALGORITHM: Final = Algorithm(word="none", output_word="uncompressed", writer=_PlainWriter)
