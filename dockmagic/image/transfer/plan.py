"""What a pull would move, before a byte moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.image import local

from .choose import choose
from .local_first import LocalFirstSource
from .pull import choose_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor
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
        return 0 if self.have else max(self.size - self.partial, 0)


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What a pull of one or more images would do.

    Attributes:
        images: as views of the source, each tag once.
        layers: each once, in the order of first use.
    """

    images: tuple[Image, ...]
    layers: tuple[LayerPlan, ...]

    @property
    def manifests(self) -> int:
        """How many different manifests the images have."""
        return len({image.digest for image in self.images})

    @property
    def to_fetch(self) -> int:
        """Bytes of layers to come."""
        return sum(layer.to_fetch for layer in self.layers)


def plan(source: ImageSource, store: ContentStore, ref: Reference, *, platform: Platform | None = None) -> PullPlan:
    """Plan a `pull`; only manifest and configuration are read, and nothing is stored.

    Raises:
        ImageNotFound: no such image.
        PlatformNotFound: the index has none for the platform.
        RegistryError: the registry refuses or fails.
    """
    return _plan(store, (choose(LocalFirstSource(source, store), ref, platform=platform, home=store.home),))


def plan_repository(
    source: ImageSource, store: ContentStore, refs: Iterable[Reference], *, platform: Platform | None = None
) -> PullPlan:
    """Plan a `pull_repository`; tags without an image of the platform are left out.

    Raises:
        ImageNotFound: a tag is gone meanwhile.
        RegistryError: the registry refuses or fails.
    """
    return _plan(store, choose_all(LocalFirstSource(source, store), store, refs, platform))


def _plan(store: ContentStore, images: tuple[Image, ...]) -> PullPlan:
    users: dict[Digest, list[str]] = {}
    for image in local.images(store):
        names = [ref.familiar for ref in image.names] or [image.id.short]
        for diff_id in image.config_file.rootfs.diff_ids:
            users.setdefault(diff_id, []).extend(names)
    wanted = {
        desc.digest: (desc, diff_id)
        for image in images
        for desc, diff_id in zip(image.manifest.layers, image.config_file.rootfs.diff_ids, strict=True)
    }
    return PullPlan(
        images,
        tuple(
            LayerPlan(
                digest=desc.digest,
                diff_id=diff_id,
                size=desc.size,
                have=store.has(desc),
                partial=_arrived(store, desc),
                shared_with=tuple(dict.fromkeys(users.get(diff_id, ()))),
            )
            for desc, diff_id in wanted.values()
        ),
    )


def _arrived(store: ContentStore, desc: Descriptor) -> int:
    try:
        return min(store.home.partial(desc.digest).stat().st_size, desc.size)
    except FileNotFoundError:
        return 0
