"""An index into the local store, with every image and attestation in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.image import local
from dockmagic.image.image import Image
from dockmagic.oci import media
from dockmagic.oci.errors import PlatformNotFound, UnsupportedMediaType
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.spec import Descriptor, Index, parse_manifest

from .choose import choose_from
from .fetch import fetch_layers
from .local_first import LocalFirstSource

if TYPE_CHECKING:
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Manifest
    from dockmagic.store.content import ContentStore

__all__ = ["pull_index"]

_DEPTH = 4  # indexes in indexes (image-index.md)


def pull_index(
    source: ImageSource,
    store: ContentStore,
    ref: Reference,
    index: Descriptor,
    *,
    platform: Platform | None = None,
    on_progress: Progress = ignore_progress,
    from_registry: bool = True,
) -> Image:
    """Bring an index and everything in it into the store, verified, and let `ref` name it.

    The name stands for the image of one platform, as ever, and the whole index is kept as long as it does. Interrupted
    at any moment, the store is whole.

    Args:
        source: where it comes from.
        store: where it goes.
        ref: its name.
        index: its descriptor.
        platform: whose image the name stands for; None for this machine's, else the first.
        on_progress: gets the progress of each layer.
        from_registry: whether the repository of `ref` has it.

    Raises:
        PlatformNotFound: the index has no image for `platform`, or none at all.
        InvalidContent: something is not what it should be; nothing of that is kept.
        BlobNotFound: something in it is missing.
        RegistryError: the registry refuses or fails.
        OutOfSpace: the disk is full; what has arrived is kept.
    """
    store.home.check()
    local_first = LocalFirstSource(source, store)
    documents = _Documents(local_first)
    documents.gather(index, _DEPTH)
    images = [Image(local_first, desc, home=store.home) for desc in documents.images]
    if not images:
        raise PlatformNotFound(f"{ref.familiar} has no images", hint="Copy it as it is: `copy --all`")
    chosen = _choice(local_first, index, ref, platform, images[0])
    with store.lease(documents.digests):
        fetch_layers(local_first, store, images, on_progress)
        for blob in documents.blobs.values():
            if not store.has(blob):
                with source.open(blob) as stream:
                    store.put(blob, stream)
        for desc, raw in documents.found.values():
            store.put_bytes(desc.media_type, raw)
        size = Image(store, chosen, home=store.home, keep_tables=True).size
        with store.edit() as names:
            names.set(ref, chosen, index_digest=index.digest, from_registry=from_registry, size=size)
            names.set_index(ref, index)
        return local.by_digest(store, chosen.digest)


def _choice(
    source: ImageSource, index: Descriptor, ref: Reference, platform: Platform | None, first: Image
) -> Descriptor:
    try:
        return choose_from(source, index, ref, platform=platform).descriptor
    except PlatformNotFound:
        if platform is not None:
            raise
        return first.descriptor


class _Documents:
    """Every document that an index leads to.

    Attributes:
        found: manifests, indexes and configurations, with their bytes.
        images: of the manifests those of images.
        blobs: what other manifests, such as attestations, have instead of layers.
    """

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self.found: dict[Digest, tuple[Descriptor, bytes]] = {}
        self.images: list[Descriptor] = []
        self.blobs: dict[Digest, Descriptor] = {}
        self.digests: list[Digest] = []

    def gather(self, desc: Descriptor, depth: int) -> None:
        """Read a manifest or index, and what it leads to."""
        if desc.digest in self.found:
            return
        plain = Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size)
        raw = self._source.read(plain)
        self.found[desc.digest] = (plain, raw)
        self.digests.append(desc.digest)
        document = parse_manifest(raw, desc.media_type)
        if isinstance(document, Index):
            if not depth:
                raise UnsupportedMediaType("indexes stand in indexes too deep to be an image's", hint="Check the name")
            for child in document.manifests:
                if media.is_manifest(child.media_type) or media.is_index(child.media_type):
                    self.gather(child, depth - 1)
                else:
                    self._blob(child)
        elif _is_image(document):
            self.images.append(plain)
            config = document.config
            self.found[config.digest] = (config, self._source.read(config))
            self.digests += [config.digest, *(layer.digest for layer in document.layers)]
        else:
            for blob in (document.config, *document.layers):
                self._blob(blob)

    def _blob(self, desc: Descriptor) -> None:
        self.blobs[desc.digest] = desc
        self.digests.append(desc.digest)


def _is_image(manifest: Manifest) -> bool:
    """Whether its layers are those of a file system: an attestation has an image's configuration, too."""
    try:
        for layer in manifest.layers:
            media.compression_of(layer.media_type)
    except UnsupportedMediaType:
        return False
    return media.is_config(manifest.config.media_type) and not manifest.artifact_type
