"""Pull: from a registry (or any other source) into the local store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore

__all__ = ["pull", "pull_repository"]


def pull(
    source: ImageSource,
    store: ContentStore,
    ref: Reference,
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
) -> Image:
    """Bring the image that `ref` names into the store, verified, with the file table of each layer.

    What is here is not fetched; what an earlier attempt left is taken up. Interrupted at any moment, the store is whole.

    Args:
        source: where it comes from.
        store: where it goes.
        ref: its name, which it gets in the store too.
        platform: which one of an index; None for this machine's.
        on_progress: hears of each layer in docker's words (``Pulling fs layer``, ``Waiting``, ``Downloading``,
            ``Verifying Checksum``, ``Download complete``, ``Pull complete``, ``Already exists``).

    Raises:
        ImageNotFound: no such image.
        PlatformNotFound: the index has none for the platform.
        InvalidContent: something is not what it should be; nothing of that is kept.
        RegistryError: the registry refuses or fails.
        OutOfSpace: the disk is full; what has arrived is kept.
    """
    raise NotImplementedError


def pull_repository(
    source: ImageSource,
    store: ContentStore,
    refs: Iterable[Reference],
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
) -> tuple[Image, ...]:
    """Bring many tags of one repository (``pull -a``): every layer once, all names at the end of each batch.

    Raises:
        as `pull`.
    """
    raise NotImplementedError
