"""From a name to the manifest of one platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.image import Image
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidContent, NotFound, PlatformNotFound, UnsupportedMediaType
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import Descriptor, Index, parse_manifest

if TYPE_CHECKING:
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.reference import Reference
    from dockmagic.store.home import Home

__all__ = ["choose", "choose_from"]

# Indexes may stand in indexes (image-index.md); nobody goes deeper than this.
_DEPTH = 4
# Lines of an index without a platform whose configurations are read.
_ASKED = 16


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
        desc = _pick(source, index, wanted, ref)
    image = Image(source, desc, names=(ref.canonical(),), index_digest=index_digest, home=home)
    _refuse_artifacts(image, ref)
    own = image.manifest.media_type
    if own and own != desc.media_type and media.is_manifest(own):
        # What a manifest says of itself is in its digest, what an index or a registry says of it is not.
        image.descriptor = msgspec.structs.replace(desc, media_type=own)
    _ = image.config_file  # says now what is wrong with it, not when it is first used
    return image


def _refuse_artifacts(image: Image, ref: Reference) -> None:
    config = image.manifest.config.media_type
    # An image's configuration makes an image, whatever type of artifact it also claims to be; those of the first years
    # have none.
    if media.is_config(config) or (not image.manifest.artifact_type and config in ("", media.OCTETS)):
        return
    kind = image.manifest.artifact_type or config
    raise UnsupportedMediaType(f"{ref.familiar} is no container image, but {kind}", hint="Name an image")


def _pick(source: ImageSource, index: Index, wanted: Platform, ref: Reference) -> Descriptor:
    images = [
        desc
        for desc in index.manifests
        if media.is_manifest(desc.media_type) or media.is_index(desc.media_type)
    ]  # fmt: skip
    silent = [desc for desc in images if desc.platform is None or not desc.platform.architecture]
    if len(images) == 1 and silent:
        return _plain(images[0])  # it does not say; its configuration will
    named = [(desc, desc.platform) for desc in images if desc.platform is not None and desc not in silent]
    named += [(desc, platform) for desc in silent[:_ASKED] if (platform := _platform_of(source, desc)) is not None]
    for choice in wanted.choices():
        for desc, platform in named:
            if platform.normalized() == choice:
                return _plain(desc)
    known = sorted({str(platform) for _, platform in named if platform.architecture != "unknown"})
    raise PlatformNotFound(
        f"{ref.familiar} has no image for {wanted}",
        hint=f"It has {', '.join(known)}: choose one with --platform" if known else "It has no images at all",
    )


def _platform_of(source: ImageSource, desc: Descriptor) -> Platform | None:
    """What the configuration says of an image whose line in the index says nothing; None for an artifact."""
    if media.is_index(desc.media_type):
        return None
    image = Image(source, desc)
    try:
        return image.config_file.platform if media.is_config(image.manifest.config.media_type) else None
    except (InvalidContent, NotFound):
        return None


def _plain(desc: Descriptor) -> Descriptor:
    return Descriptor(media_type=desc.media_type, digest=Digest(desc.digest), size=desc.size)
