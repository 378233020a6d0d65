"""The declaration of one compression algorithm, which each module of this package makes one of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

__all__ = ["Algorithm", "Encoder", "EncoderWriter", "Member", "WriteOptions", "Writer"]


class Member(Protocol):
    """A decompressor of one gzip member, zstd frame, xz or bzip2 stream."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing more to give without further compressed bytes."""

    @property
    def unused_data(self) -> bytes:
        """What came after the member's end."""

    def decompress(self, data: Buffer, max_length: int = -1) -> bytes:
        """Plain bytes, at most `max_length` of them at once."""


class Encoder(Protocol):
    """What the standard library's compressors have in common."""

    def compress(self, data: Buffer, /) -> bytes:
        """Compressed bytes, as far as there are any yet."""

    def flush(self) -> bytes:
        """The rest, and the trailer."""


class Writer(Protocol):
    """Compresses what is written to it; `close` writes the trailer and leaves the stream below open."""

    def write(self, data: Buffer, /) -> int:
        """Compress all of `data`; returns its length in bytes."""

    def close(self) -> None:
        """Write what is still buffered and the trailer."""


class EncoderWriter:
    """A writer that puts what an encoder makes into a stream.

    Args:
        out: where compressed bytes go.
        encoder: makes them.
    """

    def __init__(self, out: BinaryIO, encoder: Encoder) -> None:
        self._out = out
        self._encoder = encoder

    def write(self, data: Buffer, /) -> int:
        """Compress all of `data`; returns its length in bytes."""
        packed = self._encoder.compress(data)
        if packed:
            self._out.write(packed)
        return memoryview(data).nbytes

    def close(self) -> None:
        """Write what is still buffered and the trailer."""
        self._out.write(self._encoder.flush())


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to compress.

    Attributes:
        level: from 0 to the algorithm's highest; None for the usual one.
        reproducible: the same bytes on every machine.
        threads: how many may work side by side, where the algorithm can and the bytes need not be reproducible.
    """

    level: int | None = None
    reproducible: bool = False
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """One compression.

    Attributes:
        word: its name on command lines and in messages.
        output_word: its name in ``--output type=…,compression=``; the same if left out.
        suffixes: of the names of tar archives that are compressed so.
        magics: what its streams may begin with; any of these.
        member: makes a decompressor of one member; None for plain bytes.
        errors: what decompressors raise for corrupt data.
        writer: makes a writer onto a stream.
        highest_level: of compression.
    """

    word: str
    writer: Callable[[BinaryIO, WriteOptions], Writer]
    output_word: str = ""
    suffixes: tuple[str, ...] = ()
    magics: tuple[bytes, ...] = ()
    member: Callable[[], Member] | None = None
    errors: tuple[type[Exception], ...] = ()
    highest_level: int = 0

    def __post_init__(self) -> None:
        if not self.output_word:
            object.__setattr__(self, "output_word", self.word)
