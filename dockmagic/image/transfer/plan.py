"""What a pull would move, before a byte moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore

__all__ = ["LayerPlan", "PullPlan", "plan", "plan_repository"]


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One layer of a plan.

    Attributes:
        digest: of its blob.
        diff_id: of its tar.
        size: of its blob, in bytes.
        have: whether it is here.
        partial: bytes that an earlier attempt left.
        shared_with: local images (docker's familiar names, or short IDs) that have it too.
    """

    digest: Digest
    diff_id: Digest
    size: int
    have: bool
    partial: int
    shared_with: tuple[str, ...]

    @property
    def to_fetch(self) -> int:
        """Bytes to come."""
        return 0 if self.have else self.size - self.partial


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What a pull of one or more images would do.

    Attributes:
        images: the manifests, as views of the source.
        layers: each once, in the order of first use.
    """

    images: tuple[Image, ...]
    layers: tuple[LayerPlan, ...]

    @property
    def to_fetch(self) -> int:
        """Bytes of layers to come."""
        return sum(layer.to_fetch for layer in self.layers)


def plan(source: ImageSource, store: ContentStore, ref: Reference, *, platform: Platform | None = None) -> PullPlan:
    """Plan a `pull`.

    Raises:
        ImageNotFound: no such image.
        PlatformNotFound: the index has none for the platform.
        RegistryError: the registry refuses or fails.
    """
    raise NotImplementedError


def plan_repository(
    source: ImageSource, store: ContentStore, refs: Iterable[Reference], *, platform: Platform | None = None
) -> PullPlan:
    """Plan a `pull_repository`; tags without an image of the platform are left out."""
    raise NotImplementedError
