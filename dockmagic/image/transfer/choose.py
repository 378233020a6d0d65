"""From a name to the manifest of one platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image.image import Image
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import PlatformNotFound, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import Descriptor, Index, parse_manifest

if TYPE_CHECKING:
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.reference import Reference
    from dockmagic.store.home import Home

__all__ = ["choose", "choose_from"]

# Indexes may stand in indexes (image-index.md); nobody goes deeper than this.
_DEPTH = 4


def choose(source: ImageSource, ref: Reference, *, platform: Platform | None = None, home: Home | None = None) -> Image:
    """The image that `ref` names in `source`, as a view: only manifest and configuration are read, nothing is stored.

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
    return choose_from(source, source.resolve(ref), ref, platform=platform, home=home)


def choose_from(
    source: ImageSource,
    desc: Descriptor,
    ref: Reference,
    *,
    platform: Platform | None = None,
    home: Home | None = None,
) -> Image:
    """Like `choose`, where `ref` is already known to name the manifest or index `desc`."""
    wanted = platform or Platform.default()
    index_digest = None
    for _ in range(_DEPTH):
        if not media.is_index(desc.media_type):
            break
        index = parse_manifest(source.read(desc), desc.media_type)
        if not isinstance(index, Index):
            break
        index_digest = index_digest or desc.digest
        desc = _pick(index, wanted, ref)
    image = Image(source, desc, names=(ref.canonical(),), index_digest=index_digest, home=home)
    _refuse_artifacts(image, ref)
    _ = image.config_file  # says now what is wrong with it, not when it is first used
    return image


def _refuse_artifacts(image: Image, ref: Reference) -> None:
    kind = image.manifest.artifact_type or image.manifest.config.media_type
    # Images of the first years have configurations of no type.
    if not media.is_config(kind) and kind not in ("", "application/octet-stream"):
        raise UnsupportedMediaType(f"{ref.familiar} is no container image, but {kind}", hint="Pull an image")


def _pick(index: Index, wanted: Platform, ref: Reference) -> Descriptor:
    images = [
        desc
        for desc in index.manifests
        if media.is_manifest(desc.media_type) or media.is_index(desc.media_type)
    ]  # fmt: skip
    for choice in wanted.choices():
        for desc in images:
            if desc.platform is not None and desc.platform.normalized() == choice:
                return _plain(desc)
    known = sorted({str(desc.platform) for desc in images if _is_real(desc.platform)})
    if not known and len(images) == 1:
        return _plain(images[0])  # it does not say; its configuration will
    raise PlatformNotFound(
        f"{ref.familiar} has no image for {wanted}",
        hint=f"It has {', '.join(known)}: choose one with --platform" if known else "It has no images at all",
    )


def _is_real(platform: Platform | None) -> bool:
    # Attestations stand in indexes as images of the platform unknown/unknown.
    return platform is not None and platform.architecture not in ("", "unknown")


def _plain(desc: Descriptor) -> Descriptor:
    return Descriptor(media_type=desc.media_type, digest=Digest(desc.digest), size=desc.size)
