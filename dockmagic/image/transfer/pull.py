"""Pull: from a registry (or any other source) into the local store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image import local
from dockmagic.image.image import Image
from dockmagic.image.workers import side_by_side
from dockmagic.oci.errors import PlatformNotFound, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import config_losses

from .choose import choose_from
from .fetch import fetch_layers, record
from .local_first import LocalFirstSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore, Named

    from .fetch import Intake

__all__ = ["bring", "choose_all", "pull", "pull_repository"]


def pull(
    source: ImageSource,
    store: ContentStore,
    ref: Reference,
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
    on_notice: Callable[[str], None] = lambda _: None,
    intake: Intake = record,
) -> Image:
    """Bring the image that `ref` names into the store, verified, with the file table of each layer.

    What is here is not fetched; what an earlier attempt left is taken up. Interrupted at any moment, the store is
    whole. An image for another processor is brought all the same where there is no choice: see `Image.runs_here`.

    Args:
        source: where it comes from.
        store: where it goes.
        ref: its name, which it gets in the store too.
        platform: which one of an index; None for this machine's.
        on_progress: gets each layer's state in docker's words (``Pulling fs layer``, ``Waiting``, ``Downloading``,
            ``Verifying Checksum``, ``Download complete``, ``Pull complete``, ``Already exists``).
        on_notice: gets a line about what is left out of a configuration.
        intake: takes in each layer that comes, for its file table and for what else is to be done with it.

    Raises:
        ImageNotFound: no such image.
        PlatformNotFound: the index has none for the platform.
        InvalidContent: something is not what it should be; nothing of that is kept.
        RegistryError: the registry refuses or fails.
        OutOfSpace: the disk is full; what has arrived is kept.
    """
    store.home.check()
    local_first = LocalFirstSource(source, store)
    desc = source.resolve(ref)
    known = store.find(ref)
    if known is not None and desc.digest == known.index_digest and _is_choice(known, platform):
        # The index itself is not kept, but what was chosen from it is.
        image = choose_from(local_first, known.descriptor, ref, home=store.home)
        image.index_digest = known.index_digest
    else:
        image = choose_from(local_first, desc, ref, platform=platform, home=store.home)
    return bring(local_first, store, [image], on_progress, intake=intake, on_notice=on_notice)[0]


def _is_choice(known: Named, platform: Platform | None) -> bool:
    """Whether the index would be asked for the platform of the image that is here already."""
    wanted = platform or Platform.default()
    if not known.platform:
        return False  # it does not say what it is for
    return Platform.parse(known.platform).normalized() == wanted.normalized()


def pull_repository(
    source: ImageSource,
    store: ContentStore,
    refs: Iterable[Reference],
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
    on_notice: Callable[[str], None] = lambda _: None,
) -> tuple[Image, ...]:
    """Bring many tags of one repository (``pull -a``): every layer once; the names come all at the end.

    Tags without an image of the platform are left out.

    Raises:
        ImageNotFound: a tag is gone meanwhile.
        InvalidContent: something is not what it should be; nothing of that is kept.
        RegistryError: the registry refuses or fails.
        OutOfSpace: the disk is full; what has arrived is kept.
    """
    store.home.check()
    local_first = LocalFirstSource(source, store)
    return bring(local_first, store, choose_all(local_first, store, refs, platform), on_progress, on_notice=on_notice)


def choose_all(
    source: LocalFirstSource, store: ContentStore, refs: Iterable[Reference], platform: Platform | None
) -> tuple[Image, ...]:
    """The image of each tag, as views, without those that have none of the platform."""

    def one(ref: Reference, stop: Callable[[], bool]) -> Image | None:
        if stop():
            raise InterruptedError
        try:
            return choose_from(source, source.resolve(ref), ref, platform=platform, home=store.home)
        except (PlatformNotFound, UnsupportedMediaType):
            return None

    return tuple(image for image in side_by_side(refs, one) if image is not None)


def bring(
    source: ImageSource,
    store: ContentStore,
    images: Sequence[Image],
    on_progress: Progress,
    *,
    from_registry: bool = True,
    intake: Intake = record,
    on_notice: Callable[[str], None] = lambda _: None,
) -> tuple[Image, ...]:
    """Bring what `images` (views of `source`) are made of into the store, then give them their names there."""
    for image in images:
        for loss in config_losses(image.raw_config):
            on_notice(f"left out of image {image.id.short}: {loss}")
    needed = {
        desc.digest for image in images for desc in (image.descriptor, image.manifest.config, *image.manifest.layers)
    }
    with store.lease(needed):
        sizes = fetch_layers(source, store, images, on_progress, intake)
        for image in images:
            store.put_bytes(image.manifest.config.media_type, image.raw_config)
            store.put_bytes(image.descriptor.media_type, image.raw_manifest)
        known = {entry.descriptor.digest: entry.size for entry in store.names()}
        total = [known.get(image.digest) or _size(store, image, sizes) for image in images]
        with store.edit() as names:
            for image, size in zip(images, total, strict=True):
                for ref in image.names:
                    names.set(
                        ref,
                        image.descriptor,
                        index_digest=image.index_digest,
                        from_registry=from_registry,
                        size=size,
                    )
                if not image.names:
                    names.add(image.descriptor, size=size)
        return tuple(local.by_digest(store, image.digest) for image in images)


def _size(store: ContentStore, image: Image, sizes: Mapping[Digest, int]) -> int:
    """Bytes of the layers' files; of layers that were here already, their tables tell."""
    diff_ids = image.config_file.rootfs.diff_ids
    if all(diff_id in sizes for diff_id in diff_ids):
        return sum(sizes[diff_id] for diff_id in diff_ids)
    return Image(store, image.descriptor, home=store.home, keep_tables=True).size
