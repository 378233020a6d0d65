"""Push: an image into a registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import BlobSink, Progress
    from dockmagic.oci.reference import Reference

__all__ = ["Pushed", "push"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did.

    Attributes:
        ref: the name it got.
        digest: of the manifest.
        size: of the manifest, in bytes.
        sent: bytes of blobs that went up.
    """

    ref: Reference
    digest: Digest
    size: int
    sent: int


def push(image: Image, sink: BlobSink, ref: Reference, *, on_progress: Progress = ignore_progress) -> Pushed:
    """Send `image` to `sink` as `ref`: only what is missing, layers side by side, the manifest last.

    Blobs that another repository of the same registry is known to have (by the image's other names) are mounted.

    Args:
        image: from the local store, another registry or an archive.
        sink: a registry's repository.
        ref: the name it gets there.
        on_progress: hears of each layer in docker's words (``Preparing``, ``Waiting``, ``Pushing``, ``Pushed``,
            ``Layer already exists``, ``Mounted from library/ubuntu``).

    Raises:
        Denied: the registry does not allow it.
        RegistryError: the registry refuses or fails.
    """
    raise NotImplementedError
