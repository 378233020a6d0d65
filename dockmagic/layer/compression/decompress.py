"""Streams of plain bytes from compressed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidLayer
from dockmagic.oci.media import Compression

from .table import ALGORITHMS, LONGEST_MAGIC, detect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Buffer

    from .algorithm import Algorithm, Member

__all__ = ["Decompressor", "inflated"]

#: The most plain bytes that are handed out at once: compressed zeros swell a thousandfold.
_PIECE: Final = 1 << 20


class Decompressor:
    """Takes compressed chunks of any size and gives plain ones: gzip members, zstd frames, xz or bzip2 streams in turn.

    Zero bytes after the last member are padding, as gzip itself holds; anything else there is an error.

    Args:
        claimed: what the media type says. What the first bytes say goes before it, since mislabelled layers are
            common and every engine reads them.
        sniff: False for what is known to be plain, whatever its first bytes say.
    """

    def __init__(self, claimed: Compression, *, sniff: bool = True) -> None:
        self._claimed = claimed
        self._head = b""
        self._algorithm: Algorithm | None = None if sniff else ALGORITHMS[Compression.NONE]
        self._member: Member | None = None

    def feed(self, chunk: Buffer) -> Iterator[Buffer]:
        """The plain bytes that `chunk` completes, in pieces of at most 1 MiB; run it to its end before the next.

        Raises:
            InvalidLayer: the stream is corrupt.
            NotSupported: of a foreign compression.
        """
        algorithm = self._algorithm
        if algorithm is None:
            self._head += bytes(chunk)
            if len(self._head) < LONGEST_MAGIC:
                return
            chunk, self._head = self._head, b""
            algorithm = self._algorithm = ALGORITHMS[detect(chunk)]
            if algorithm.member is not None:
                self._member = algorithm.member()
        if algorithm.member is None:
            yield chunk
        else:
            yield from self._inflate(algorithm, algorithm.member, chunk)

    def _inflate(self, algorithm: Algorithm, new_member: Callable[[], Member], chunk: Buffer) -> Iterator[bytes]:
        data = chunk
        try:
            while True:
                if self._member is None:
                    data = bytes(data).lstrip(b"\0")
                    if not data:
                        return
                    self._member = new_member()
                plain = self._member.decompress(data, _PIECE)
                if plain:
                    yield plain
                if self._member.eof:
                    data = self._member.unused_data
                    self._member = None
                elif self._member.needs_input:
                    return
                else:
                    data = b""
        except algorithm.errors as error:
            raise InvalidLayer(f"the layer's {algorithm.word} data is corrupt: {error}") from None

    def finish(self) -> Iterator[Buffer]:
        """The last plain bytes; call it after the last chunk.

        Raises:
            InvalidLayer: the stream is truncated.
        """
        if self._algorithm is None:
            if self._claimed is not Compression.NONE:
                raise InvalidLayer(f"the layer ends in the midst of its {ALGORITHMS[self._claimed].word} header")
            if self._head:
                yield self._head
        elif self._member is not None:
            raise InvalidLayer(f"the layer's {self._algorithm.word} data is truncated")


def inflated(chunks: Iterable[Buffer], claimed: Compression = Compression.NONE) -> Iterator[Buffer]:
    """The plain bytes of a stream, compressed as its first bytes say, else as it is; in pieces of at most 1 MiB.

    Raises:
        InvalidLayer: corrupt or truncated.
        NotSupported: of a foreign compression.
    """
    decompressor = Decompressor(claimed)
    for chunk in chunks:
        yield from decompressor.feed(chunk)
    yield from decompressor.finish()
