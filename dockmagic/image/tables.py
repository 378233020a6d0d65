"""File tables of layers: found in a home, or made by reading the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.layer.toc import LayerTOC
from dockmagic.oci import media
from dockmagic.oci.errors import DigestMismatch, InvalidContent, StoreTooNew

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.home import Home

    from .source import ImageSource

__all__ = ["check_diff_id", "find_content_size", "find_table", "keep_table", "read_table"]

_PIECE = 1 << 18


def find_table(home: Home, diff_id: Digest) -> LayerTOC | None:
    """The table that lies in `home`; None if there is none, or none that this version reads."""
    try:
        return LayerTOC.loads(home.table(diff_id).read_bytes())
    except (FileNotFoundError, InvalidContent, StoreTooNew):
        return None  # a table can always be made anew


def find_content_size(home: Home, diff_id: Digest) -> int | None:
    """The `content_size` of the table that lies in `home`, without reading the table; None as for `find_table`."""
    try:
        with home.table(diff_id).open("rb", buffering=0) as file:
            return LayerTOC.peek_content_size(file.read(LayerTOC.HEAD))
    except (FileNotFoundError, InvalidContent, StoreTooNew):
        return None


def keep_table(home: Home, diff_id: Digest, table: LayerTOC) -> None:
    """Put a table into `home`.

    Raises:
        OutOfSpace: the disk is full.
    """
    home.write(home.table(diff_id), table.dumps(), durable=False)


def read_table(
    source: ImageSource, desc: Descriptor, diff_id: Digest, *, stop: Callable[[], bool] = lambda: False
) -> LayerTOC:
    """Read the whole layer `desc` once, for its table; the DiffID verifies it.

    Raises:
        InvalidContent: the blob or its tar are not what they should be.
        InterruptedError: `stop` said so.
    """
    from dockmagic.layer.ingest import LayerIngest

    ingest = LayerIngest(media.compression_of(desc.media_type))
    with source.open(desc, verify=False) as stream:
        while piece := stream.read(_PIECE):
            if stop():
                raise InterruptedError("stopped while reading a layer")
            ingest.feed(piece)
    actual, table = ingest.finish()
    check_diff_id(desc, diff_id, actual)
    return table


def check_diff_id(desc: Descriptor, expected: Digest, actual: Digest) -> None:
    """Refuse a layer that is not the one which the configuration lists.

    Raises:
        DigestMismatch: it is another one.
    """
    if actual != expected:
        raise DigestMismatch(
            f"layer {desc.digest.short} has the DiffID {actual}, not the {expected} of the image's configuration",
            hint="The image is damaged or hostile: ask its publisher, or pull another tag",
        )
