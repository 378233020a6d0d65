"""The content store: blobs by digest and images by name, in an OCI image layout that other tools can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

    from .home import Home

__all__ = ["ContentStore", "Named", "Names", "PartialWriter"]


@dataclass(frozen=True, slots=True)
class Named:
    """One line of ``index.json``: a manifest, its name, and what lists show without opening anything.

    Attributes:
        ref: the full name with tag, or with digest where it was pulled by digest; None if the image lost its name.
        repository: the full name of the repository it belongs (or belonged) to; empty if there is none.
        descriptor: of the platform manifest, without annotations.
        index_digest: of the index it was chosen from; None if there was none.
        image_id: digest of the configuration.
        size: of the layers' files, in bytes, as docker counts an image's size; None if it is not known yet.
        created: as the configuration says (RFC 3339); empty if it does not.
        platform: such as ``linux/amd64``.
    """

    ref: Reference | None
    repository: str
    descriptor: Descriptor
    index_digest: Digest | None
    image_id: Digest
    size: int | None
    created: str
    platform: str

    @property
    def repo_digest(self) -> Digest:
        """What a registry knows the image by: the index's digest where there was one, else the manifest's."""
        return self.index_digest or self.descriptor.digest


class Names:
    """A batch of changes to the names; see `ContentStore.edit`."""

    def __iter__(self) -> object:
        raise NotImplementedError

    def set(self, ref: Reference, desc: Descriptor, *, index_digest: Digest | None = None) -> None:
        """Let `ref` name the manifest `desc`, whose blobs are all there.

        An image that loses its last name by this stays in the list without one (``<none>``), as docker keeps it.
        """
        raise NotImplementedError

    def remove(self, ref: Reference) -> bool:
        """Take the name away; whether it was there. The image itself goes with `gc`."""
        raise NotImplementedError

    def drop(self, manifest: Digest) -> None:
        """Take every entry of this manifest away, named or not."""
        raise NotImplementedError


class ContentStore:
    """The local images: a `BlobSource` and `BlobSink`; several processes and threads may use it at once.

    Args:
        home: where it lies.
    """

    def __init__(self, home: Home) -> None:
        self.home = home

    def names(self) -> tuple[Named, ...]:
        """Every entry of ``index.json``, in the order in which they came; a handful of microseconds when unchanged.

        Raises:
            StoreTooNew: a later version of dockmagic wrote here.
        """
        raise NotImplementedError

    def edit(self) -> AbstractContextManager[Names]:
        """Change names, under one lock and written once, when the block ends without an error."""
        raise NotImplementedError

    def tag(self, ref: Reference, desc: Descriptor, *, index_digest: Digest | None = None) -> None:
        """`Names.set` for one name."""
        raise NotImplementedError

    def untag(self, ref: Reference) -> bool:
        """`Names.remove` for one name."""
        raise NotImplementedError

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest that `ref` names here; with a digest, that of the manifest or of the index it came from.

        Raises:
            ImageNotFound: no image here has this name.
        """
        raise NotImplementedError

    def read(self, desc: Descriptor) -> bytes:
        """A manifest or configuration as a whole, verified.

        Raises:
            BlobNotFound: it is not here.
            DigestMismatch: the file has changed.
        """
        raise NotImplementedError

    def open(self, desc: Descriptor, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        """Read a blob; from `offset` 0 it is verified.

        Raises:
            BlobNotFound: it is not here.
        """
        raise NotImplementedError

    def path(self, digest: Digest) -> Path:
        """The file of a blob, which may not be there; never write to it."""
        return self.home.blob(digest)

    def has(self, desc: Descriptor) -> bool:
        """Whether the blob is here."""
        raise NotImplementedError

    def writer(self, desc: Descriptor, *, stop: Callable[[], bool] | None = None) -> PartialWriter:
        """Take up (or begin) the blob `desc` where an earlier attempt stopped; waits while another process writes it.

        Args:
            desc: what it will be.
            stop: asked while waiting; true ends the wait with `InterruptedError`.
        """
        raise NotImplementedError

    def put(self, desc: Descriptor, stream: BinaryIO) -> None:
        """Store `stream` as `desc`: verified, atomic, nothing to do if it is here.

        Raises:
            DigestMismatch: it is something else; nothing is kept.
            SizeMismatch: likewise.
            OutOfSpace: the disk is full.
        """
        raise NotImplementedError

    def put_bytes(self, media_type: str, data: bytes) -> Descriptor:
        """Store a small document; returns its descriptor."""
        raise NotImplementedError

    def name(self, ref: Reference, desc: Descriptor, raw: bytes) -> None:
        """Store the platform manifest `raw` and let `ref` name it."""
        raise NotImplementedError

    def lease(self, digests: Iterable[Digest] = ()) -> AbstractContextManager[Callable[[Iterable[Digest]], None]]:
        """Keep `gc` from deleting blobs while work goes on that will name them at its end.

        The value of the context takes further digests. It ends with the block, or with the process.
        """
        raise NotImplementedError


class PartialWriter:
    """A blob on its way into the store, in its own folder until it is whole; a context manager.

    Leaving it without `commit` keeps what has arrived, for the next attempt.

    Attributes:
        present: the blob is already here, whole: nothing is to be written.
        offset: bytes that are here already.
    """

    present: bool
    offset: int

    def __enter__(self) -> PartialWriter:
        raise NotImplementedError

    def __exit__(self, *exc: object) -> None:
        raise NotImplementedError

    def earlier(self) -> Iterable[bytes]:
        """What earlier attempts have left, in pieces; must be read to the end before the first `write`."""
        raise NotImplementedError

    def write(self, buffer: bytes | memoryview) -> None:
        """Append.

        Raises:
            SizeMismatch: more than the descriptor says.
            OutOfSpace: the disk is full; what has arrived is kept.
        """
        raise NotImplementedError

    def commit(self) -> None:
        """Make it visible, whole.

        Raises:
            SizeMismatch: too short.
            DigestMismatch: not what the descriptor says; nothing is kept.
        """
        raise NotImplementedError
