"""From a layer's compressed bytes to its DiffID and file table, in one pass and without keeping the content."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

from blake3 import blake3
from msgspec.structs import force_setattr

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidInput

from .compression.decompress import Decompressor
from .entry import Entry
from .layout import Layout
from .scan import TarScanner

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dockmagic.oci.media import Compression

    from .header import Header
    from .toc import LayerTOC
    from .whiteout import Whiteout

__all__ = ["LayerIngest", "Recorder", "layer_limit"]

_VARIABLE: Final = "DOCKMAGIC_MAX_LAYER_SIZE"
_DEFAULT_LIMIT: Final = 64 << 30


def layer_limit() -> int:
    """How many bytes a layer may expand to: ``DOCKMAGIC_MAX_LAYER_SIZE``, else 64 GiB.

    Raises:
        InvalidInput: the variable is not a whole number.
    """
    text = os.environ.get(_VARIABLE, "")
    if not text:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"{_VARIABLE} is {text!r}", hint="Set it to a number of bytes, such as 68719476736")
    return int(text)


class Recorder:
    """Makes the file table from a tar's members: a `MemberSink` that keeps a digest of each content.

    Args:
        whiteouts: as for `Layout`.

    Attributes:
        layout: what lies where so far.
    """

    def __init__(self, *, whiteouts: bool = True) -> None:
        self.layout = Layout(whiteouts=whiteouts)
        self._entry: Entry | None = None
        self._hash: blake3 | None = None

    def begin(self, header: Header) -> Entry | Whiteout | None:
        """Place a member, and say what it means."""
        placed = self.layout.place(header)
        self._entry = placed if type(placed) is Entry else None
        return placed

    def content(self, data: memoryview, last: bool) -> None:  # noqa: FBT001  as `MemberSink` has it
        """Digest a file's bytes."""
        entry = self._entry
        if entry is None:  # a whiteout with content
            return
        if self._hash is None:
            if last:
                # The entry is nobody's yet but the layout's: its last field may still be filled in.
                force_setattr(entry, "digest", blake3(data).digest())
                return
            self._hash = blake3()
        self._hash.update(data)
        if last:
            force_setattr(entry, "digest", self._hash.digest())
            self._hash = None


class LayerIngest:
    """Takes a layer as it arrives; heavy work releases the GIL, so several can run side by side in threads.

    Args:
        compression: what the media type claims; what the bytes say goes before it.
        sniff: False for what is known to be plain, whatever its first bytes say.
        limit: bytes of tar beyond which it is refused; None for `layer_limit`.
        recorder: gets the members; one that does more than recording (`unpack`) may be given.
    """

    def __init__(
        self,
        compression: Compression,
        *,
        limit: int | None = None,
        recorder: Recorder | None = None,
        sniff: bool = True,
    ) -> None:
        self._recorder = recorder or Recorder()
        self._decompressor = Decompressor(compression, sniff=sniff)
        self._scanner = TarScanner(self._recorder, layer_limit() if limit is None else limit)
        self._hash = hashlib.sha256()

    @property
    def size(self) -> int:
        """Bytes of uncompressed tar so far."""
        return self._scanner.size

    def feed(self, chunk: Buffer) -> None:
        """Take the next compressed bytes; `chunk` may be reused afterwards.

        Raises:
            InvalidLayer: not a tar, or broken compression (`UnsafeEntry`, `LayerTooLarge` among them).
            NotSupported: a compression or a kind of member that layers do not have.
        """
        self._recorder.layout.received += memoryview(chunk).nbytes
        for plain in self._decompressor.feed(chunk):
            self._take(plain)

    def finish(self) -> tuple[Digest, LayerTOC]:
        """The DiffID and the file table, after the last chunk.

        Raises:
            InvalidLayer: truncated.
        """
        for plain in self._decompressor.finish():
            self._take(plain)
        self._scanner.finish()
        return Digest.from_hex(self._hash.hexdigest()), self._recorder.layout.table(self._scanner.size)

    def _take(self, plain: Buffer) -> None:
        # Scanned first: what is refused need not be digested.
        self._scanner.feed(plain)
        self._hash.update(plain)
