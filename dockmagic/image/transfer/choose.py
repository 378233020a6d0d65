"""From a name to the manifest of one platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.reference import Reference
    from dockmagic.store.home import Home

__all__ = ["choose"]


def choose(source: ImageSource, ref: Reference, *, platform: Platform | None = None, home: Home | None = None) -> Image:
    """The image that `ref` names in `source`, as a view: nothing but manifest and configuration is read, nothing stored.

    Args:
        source: a registry's repository, the local store or an archive.
        ref: what to look for; ``latest`` where it says nothing.
        platform: which one of an index; None for this machine's (or ``DOCKER_DEFAULT_PLATFORM``). Where there is no
            index there is nothing to choose: see `Image.runs_here`.
        home: where known file tables of its layers may be found.

    Raises:
        ImageNotFound: no such image.
        PlatformNotFound: the index has none for the platform.
        InvalidContent: a broken document.
    """
    raise NotImplementedError
