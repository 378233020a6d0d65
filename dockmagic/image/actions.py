"""The interface that an image needs of the engine that it came from, and what an engine answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

__all__ = ["ImageActions", "Pushed", "Removal"]


class Pushed(msgspec.Struct, frozen=True):
    """What a push did.

    Attributes:
        ref: the name it got.
        digest: of the manifest.
        size: of the manifest, in bytes.
        sent: bytes of blobs that were uploaded.
    """

    ref: Reference
    digest: Digest
    size: int
    sent: int


class Removal(msgspec.Struct, frozen=True):
    """What was removed, for docker's ``Untagged:`` and ``Deleted:`` lines.

    Attributes:
        untagged: names (and ``name@digest``), in docker's familiar form.
        deleted: of each image its ID, then the ChainIDs of layers that no other image has, top first.
        size: bytes that came free on the disk.
    """

    untagged: tuple[str, ...]
    deleted: tuple[Digest, ...]
    size: int


class ImageActions(Protocol):
    """The images of an engine, as an image calls them. `Any` stands for an image."""

    @property
    def surgery(self) -> Any:
        """What changes an image without a build."""
        ...

    def tag(self, source: Any, target: str | Reference) -> Any:
        """Give an image one more name."""
        ...

    def push_image(self, image: Any, name: str | Reference, *, on_progress: Progress) -> Pushed:
        """Send an image to the registry of a name."""
        ...

    def remove(self, name: str, *, force: bool) -> Removal:
        """Remove an image by its name or ID."""
        ...

    def save(self, images: Iterable[Any], out: BinaryIO) -> None:
        """Write images into one archive."""
        ...

    def inspect(self, image: Any) -> dict[str, Any]:
        """Docker's description of an image."""
        ...

    def reopened(self, descriptor: Descriptor, names: tuple[Reference, ...], index_digest: Digest | None) -> Any:
        """The image with this manifest, here or in the registry of its first name."""
        ...
