"""An opened archive as a source of images, like a registry: docker-archive and oci-archive."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from dockmagic.oci.counting import count
from dockmagic.oci.digest import VerifiedReader
from dockmagic.oci.errors import BlobNotFound, ImageNotFound, InvalidArchive
from dockmagic.oci.spec import check_size

from .accounts import read_images
from .classic import Classic, plain_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

    from .accounts import Archived
    from .members import Members

__all__ = ["ArchiveSource"]

# What all documents of an archive may weigh together, since they are held until its last image is here; a value takes
# far more memory than the comma before it.
_DOCUMENTS_LIMIT = 48 << 20
_VALUE = 128


class ArchiveSource:
    """The images of an archive, verified as those of a registry are.

    Args:
        members: its files.
        on_notice: gets a line about what is passed over.

    Attributes:
        images: in the archive's order.

    Raises:
        InvalidArchive: truncated, ambiguous, or no archive of images.
    """

    images: tuple[Archived, ...]

    def __init__(self, members: Members, on_notice: Callable[[str], None] = lambda _: None) -> None:
        self._members = members
        self._classic = Classic(members)
        self._weights: dict[Digest, int] = {}
        self.images = read_images(self, members, self._classic, on_notice)
        if not self.images:
            raise InvalidArchive("the archive holds no image", hint="Save it again")

    def __repr__(self) -> str:
        return f"<archive of {count(len(self.images), 'image')}>"

    # The BlobSource

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest or index that `ref` names in the archive.

        Raises:
            ImageNotFound: there is none.
        """
        wanted = ref.canonical()
        for image in self.images:
            if wanted in image.names or (wanted.digest and wanted.digest == image.descriptor.digest):
                return image.descriptor
        raise ImageNotFound(f"the archive has no image {ref.familiar}", hint="Load all that it has with `load -i FILE`")

    @contextmanager
    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> Iterator[BinaryIO]:
        """Read a blob; from `offset` 0 it is verified, unless the reader does it himself.

        Raises:
            BlobNotFound: it is not in the archive.
        """
        with self._stream(desc, offset) as stream:
            if offset or not verify:
                yield stream
            else:
                yield VerifiedReader(stream, desc.digest, desc.size)  # type: ignore[misc]  # RawIOBase is a BinaryIO

    def read(self, desc: Descriptor) -> bytes:
        """A document as a whole, verified.

        Raises:
            BlobNotFound: it is not in the archive.
            DigestMismatch: it is another.
            InvalidDocument: it is longer than any document.
        """
        check_size(desc)
        with self.open(desc) as stream:
            raw = stream.read()
        self._weights[desc.digest] = len(raw) + raw.count(b",") * _VALUE
        if sum(self._weights.values()) > _DOCUMENTS_LIMIT:
            raise InvalidArchive("the archive describes more images than can be held", hint="Save fewer at a time")
        return raw

    def holds(self, desc: Descriptor) -> bool:
        """Whether a blob is in the archive, with the size that `desc` says."""
        name = _blob(desc.digest)
        return self._classic.holds(desc) or (name in self._members and self._members.size(name) == desc.size)

    def diff_id(self, desc: Descriptor) -> Digest:
        """Of a layer as it is."""
        with self.open(desc, verify=False) as stream:
            return plain_digest(stream)[0]

    def _stream(self, desc: Descriptor, offset: int) -> BinaryIO:
        stream = self._classic.open(desc, offset)
        if stream is not None:
            return stream
        if _blob(desc.digest) not in self._members:
            raise BlobNotFound(f"the archive does not hold {desc.digest}", hint="Save the image again")
        return self._members.open(_blob(desc.digest), offset)


def _blob(digest: Digest) -> str:
    return f"blobs/sha256/{digest.hex}"
