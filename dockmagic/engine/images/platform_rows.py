"""From indexes to the rows of ``images --platforms``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image import local
from dockmagic.image.index import IndexedManifest, list_index, read_index
from dockmagic.oci import media
from dockmagic.oci.errors import DockmagicError, ImageNotFound
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Index, parse_manifest
from dockmagic.rows import PlatformRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.engine.context import EngineContext
    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore

__all__ = ["platform_rows"]


def platform_rows(engine: EngineContext, name: str) -> tuple[PlatformRow, ...]:
    """What the indexes behind names list.

    Args:
        engine: whose store and registries.
        name: of an image here or in its registry; empty for all that are here.

    Raises:
        ImageNotFound: neither here nor there.
        RegistryError: the registry refuses or fails.
    """
    store = engine.store
    if not name:
        return tuple(row for image in local.images(store) for ref in image.names for row in _kept(store, image, ref))
    try:
        image = local.find(store, name)
    except ImageNotFound:
        ref = Reference.parse(name).or_latest()
        source = engine.registries.repository(ref)
        return tuple(_rows(source, store, source.resolve(ref), ref))
    return tuple(row for ref in image.names for row in _kept(store, image, ref))


def _kept(store: ContentStore, image: Image, ref: Reference) -> Iterator[PlatformRow]:
    return _rows(store, store, store.whole_index(ref) or image.descriptor, ref)


def _rows(source: ImageSource, store: ContentStore, desc: Descriptor, ref: Reference) -> Iterator[PlatformRow]:
    if media.is_index(desc.media_type):
        listed = list_index(read_index(source, desc))
    else:
        listed = (IndexedManifest(desc, None, "image"),)
    for each in listed:
        size, here, platform = _details(source, store, each)
        yield PlatformRow(
            repository=ref.familiar_name,
            tag=ref.tag or "<none>",
            platform=platform,
            kind=each.kind,
            digest=each.descriptor.digest,
            size=size,
            here=here,
            subject=each.subject or "",
        )


def _details(source: ImageSource, store: ContentStore, each: IndexedManifest) -> tuple[int | None, bool, str]:
    """Bytes of the blobs, whether all is here, and the platform."""
    from dockmagic.image.image import Image

    platform = str(each.platform) if each.platform is not None else ""
    try:
        document = parse_manifest(source.read(each.descriptor), each.descriptor.media_type)
    except DockmagicError:  # an index may list what is no manifest, or is gone
        return None, False, platform
    if isinstance(document, Index):
        return None, store.has(each.descriptor), platform
    blobs = (document.config, *document.layers)
    if not platform and each.kind == "image":
        platform = str(Image(source, each.descriptor).platform)
    return sum(blob.size for blob in blobs), all(map(store.has, (each.descriptor, *blobs))), platform
