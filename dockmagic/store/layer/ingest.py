"""From a layer's compressed bytes to its DiffID and file table, in one pass and without keeping the content."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.media import Compression
    from typing_extensions import Buffer

    from .table import LayerTable

__all__ = ["LayerIngest"]


class LayerIngest:
    """Takes a layer as it arrives; heavy work releases the GIL, so several can run side by side in threads.

    Args:
        compression: what the media type claims; what the bytes say decides (gzip labelled as plain tar is common).
        limit: bytes of tar beyond which it is refused; None for ``DOCKMAGIC_MAX_LAYER_SIZE``, or 64 GiB.
    """

    def __init__(self, compression: Compression, *, limit: int | None = None) -> None:
        raise NotImplementedError

    def feed(self, chunk: Buffer) -> None:
        """Take the next compressed bytes; `chunk` may be reused afterwards.

        Raises:
            InvalidLayer: not a tar, or broken compression (`UnsafeEntry`, `LayerTooLarge` among them).
        """
        raise NotImplementedError

    def finish(self) -> tuple[Digest, LayerTable]:
        """The DiffID and the file table, after the last chunk.

        Raises:
            InvalidLayer: truncated.
        """
        raise NotImplementedError
