"""One repository: a source and sink of blobs, over the registry itself and its mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

    from .ratelimit import RateLimit

__all__ = ["Repository"]


class Repository:
    """A `BlobSource` and `BlobSink` over HTTP (distribution specification); usable from several threads.

    Reads ask the mirrors first and fall back to the registry; writes go to the registry alone.
    Get one from `Registries.repository`.
    """

    def resolve(self, ref: Reference) -> Descriptor:
        """What `ref` names now, by HEAD: costs no pull of Docker Hub's rate limit.

        Raises:
            ImageNotFound: no such repository, tag or digest.
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def fetch(self, ref: Reference) -> tuple[Descriptor, bytes]:
        """The manifest or index that `ref` names now and its verified bytes, in one round trip.

        Raises:
            ImageNotFound: no such repository, tag or digest.
            InvalidContent: wrong digest, more than 4 MiB, not a manifest.
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def read(self, desc: Descriptor) -> bytes:
        """The whole manifest, index or configuration, verified; at most 4 MiB.

        Raises:
            BlobNotFound: it is not there.
            InvalidContent: wrong digest or size.
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def open(self, desc: Descriptor, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        """Read a blob or manifest from `offset` on; verified at the end if `offset` is 0.

        The stream has `read(size)` and `readinto`; a connection that breaks off is taken up again by Range inside.
        From an `offset`, the caller verifies: the length is checked here, the digest cannot be.

        Raises:
            BlobNotFound: it is not there.
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def tags(self) -> Iterator[str]:
        """Every tag, page by page, in the registry's order.

        Raises:
            ImageNotFound: no such repository.
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def has(self, desc: Descriptor) -> bool:
        """Whether the registry itself (no mirror) has the blob or manifest in this repository."""
        raise NotImplementedError

    def mount(self, desc: Descriptor, other: str) -> bool:
        """Have the registry take the blob from its repository `other` (a path, such as ``library/ubuntu``).

        Returns:
            Whether it did; False where it refuses: put the blob then.
        """
        raise NotImplementedError

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None] | None = None) -> None:
        """Upload a blob; one that is there already sends nothing.

        Args:
            desc: of the blob.
            stream: its bytes; where it can seek, an upload that breaks off goes on from where the registry stands.
            on_sent: hears how many bytes have gone up so far.

        Raises:
            DigestMismatch: the stream is not what `desc` says (the registry refused it).
            RegistryError: the registry refuses or fails.
        """
        raise NotImplementedError

    def name(self, ref: Reference, desc: Descriptor, raw: bytes) -> None:
        """Store the manifest or index `raw` under `ref` (or under its digest if `ref` has no tag)."""
        raise NotImplementedError

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the registry said last of its rate limit; None if it says nothing."""
        raise NotImplementedError
