"""The declaration of one transport, which each module of this package makes one of."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, runtime_checkable

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor
    from dockmagic.registry.registries import Registries
    from dockmagic.store.content import ContentStore

__all__ = ["BlobTarget", "CopySource", "ImageTarget", "ImageTransport", "TransportContext"]


class TransportContext(Protocol):
    """What transports stand on; an engine has it."""

    store: ContentStore
    notice: Callable[[str], None]

    @property
    def registries(self) -> Registries:
        """The registries; an HTTP client is imported with the first use."""
        ...


class CopySource(NamedTuple):
    """An opened place to copy from.

    Attributes:
        source: of blobs and documents.
        descriptor: of the manifest or index that is meant.
        name: of the image; None where it has none there.
        choice: the manifest that is meant where `descriptor` is an index and no platform is asked for; None for that
            of this machine's platform.
    """

    source: ImageSource
    descriptor: Descriptor
    name: Reference | None
    choice: Descriptor | None = None


class BlobTarget(Protocol):
    """An opened place that keeps blobs and manifests as they are. Nothing is seen of an image before `finish`."""

    #: How many blobs may be put side by side.
    threads: int
    #: Whether it refuses a manifest of which something is missing: then one that it has is whole.
    refuses_incomplete: bool

    def has(self, desc: Descriptor) -> bool:
        """Whether a blob or manifest is there, whole."""
        ...

    def mount(self, desc: Descriptor, source: ImageSource) -> bool:
        """Take a blob from `source` without moving it; whether that could be done."""
        ...

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None]) -> None:
        """Store a blob; it is verified.

        Args:
            desc: of the blob.
            stream: its bytes.
            on_sent: gets how many bytes have been written so far, and may end it by raising.
        """
        ...

    def put_manifest(self, desc: Descriptor, raw: bytes) -> None:
        """Store a manifest that an index refers to; its blobs are there."""
        ...

    def finish(self, desc: Descriptor, raw: bytes) -> None:
        """Store the manifest or index that was to be copied, and name it; all that it refers to is there."""
        ...


@runtime_checkable
class ImageTarget(Protocol):
    """An opened place that takes the image of one platform as a whole."""

    #: Whether its manifest keeps its bytes there.
    keeps_digests: bool

    def write(self, image: Image, on_progress: Progress) -> None:
        """Store an image, and name it."""
        ...

    def write_index(self, source: ImageSource, index: Descriptor, on_progress: Progress) -> None:
        """Store an index with everything in it, and name it.

        Raises:
            NotSupported: the place holds single images.
        """
        ...


class ImageTransport(msgspec.Struct, frozen=True, kw_only=True):
    """One transport.

    Attributes:
        word: its name, which stands before the colon.
        form: how a place of it is written.
        source: opens a place to copy from, given what stands after the colon.
        target: opens a place to copy to.
    """

    word: str
    form: str
    source: Callable[[TransportContext, str], AbstractContextManager[CopySource]]
    target: Callable[[TransportContext, str], AbstractContextManager[BlobTarget | ImageTarget]]
