"""What an image is read from: anything that gives blobs and whole documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

__all__ = ["ImageSource"]


class ImageSource(Protocol):
    """The content store, a repository of a registry, or an opened archive: a `BlobSource`, and a little more."""

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest or index that `ref` names now.

        Raises:
            ImageNotFound: there is none.
        """
        ...

    def read(self, desc: Descriptor) -> bytes:
        """A manifest, index or configuration as a whole, verified.

        Raises:
            BlobNotFound: it is not there.
            InvalidContent: it is not what `desc` says.
        """
        ...

    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> AbstractContextManager[BinaryIO]:
        """Read a blob.

        Args:
            desc: of the blob.
            offset: where to begin, in bytes; from 0 the digest is verified at the end.
            verify: not needed where the reader computes the digest anyway.

        Raises:
            BlobNotFound: it is not there.
        """
        ...
