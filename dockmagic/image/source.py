"""What an image is read from: anything that gives blobs and whole documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dockmagic.oci.protocols import BlobSource

if TYPE_CHECKING:
    from dockmagic.oci.spec import Descriptor

__all__ = ["ImageSource"]


class ImageSource(BlobSource, Protocol):
    """The content store, a repository of a registry, or an opened archive."""

    def read(self, desc: Descriptor) -> bytes:
        """A manifest, index or configuration as a whole, verified."""
        ...
