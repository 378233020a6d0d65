"""Copy: an image, or an index with all its images, from one place to another, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.image.transfer.choose import choose_from
from dockmagic.image.workers import side_by_side
from dockmagic.oci import media
from dockmagic.oci.errors import NotSupported, RegistryError, UnsupportedMediaType
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, Index, parse_manifest

from .restartable import RestartableBlob
from .transport import ImageTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress

    from .transport import BlobTarget, CopySource

__all__ = ["Copied", "copy"]

_NAMELESS = Reference.parse("unnamed")
_DEPTH = 4  # indexes in indexes (image-index.md)
_UNKNOWN = {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"}


class Copied(msgspec.Struct, frozen=True):
    """What a copy did.

    Attributes:
        digest: of the manifest or index, as it was.
        media_type: of it.
        manifests: how many there are, with the index.
        sent: bytes of blobs that were moved.
    """

    digest: Digest
    media_type: str
    manifests: int
    sent: int


def copy(
    opened: CopySource,
    target: BlobTarget | ImageTarget,
    *,
    platform: Platform | None = None,
    all_platforms: bool = False,
    preserve_digests: bool = False,
    on_progress: Progress = ignore_progress,
) -> Copied:
    """Copy what `opened` names to `target`: the blobs that are missing, then manifests, the named one last.

    Args:
        opened: where from.
        target: where to.
        platform: which image of an index; None for this machine's.
        all_platforms: the index itself with everything in it, attestations too.
        preserve_digests: refuse a target that would write another manifest.
        on_progress: gets the progress of each blob, in the words of `push`.

    Raises:
        NotSupported: the target cannot keep what is asked for.
        PlatformNotFound: the index has no image for the platform.
        InvalidContent: something is not what it should be.
        RegistryError: a registry refuses or fails.
        OutOfSpace: the disk is full.
    """
    root = opened.descriptor
    name = opened.name or _NAMELESS
    if isinstance(target, ImageTarget):
        if all_platforms and media.is_index(root.media_type):
            target.write_index(opened.source, root, on_progress)
            return Copied(root.digest, root.media_type, 1, 0)
        if preserve_digests and not target.keeps_digests:
            raise NotSupported("the manifest gets another digest there", hint="Copy to oci: or oci-archive:")
        image = choose_from(opened.source, _meant(opened, platform), name, platform=platform)
        target.write(image, on_progress)
        return Copied(image.digest, image.descriptor.media_type, 1, sum(desc.size for desc in image.manifest.layers))
    if media.is_index(root.media_type) and not all_platforms:
        root = choose_from(opened.source, _meant(opened, platform), name, platform=platform).descriptor
    elif platform is not None and not all_platforms:
        choose_from(opened.source, root, name, platform=platform)
    return _Graph(opened.source, target, on_progress).copy(root)


def _meant(opened: CopySource, platform: Platform | None) -> Descriptor:
    """What one image is chosen from."""
    return opened.choice if opened.choice is not None and platform is None else opened.descriptor


class _Graph:
    """All that one manifest or index refers to, on its way."""

    def __init__(self, source: ImageSource, target: BlobTarget, on_progress: Progress) -> None:
        self._source = source
        self._target = target
        self._tell = on_progress
        self._manifests: dict[Digest, tuple[Descriptor, bytes]] = {}
        self._blobs: dict[Digest, Descriptor] = {}

    def copy(self, root: Descriptor) -> Copied:
        raw = self._source.read(root)
        self._gather(root, raw, _DEPTH)
        self._manifests.pop(root.digest, None)
        sent = 0
        if not self._is_known(root, raw):
            sent = self._send()
            self._target.finish(root, raw)
        return Copied(root.digest, root.media_type, len(self._manifests) + 1, sent)

    def _is_known(self, root: Descriptor, raw: bytes) -> bool:
        """Whether the target has all of it, and needs only the name."""
        if not self._target.has(root):
            return False
        if not self._target.refuses_incomplete:
            below = (*self._blobs.values(), *(desc for desc, _ in self._manifests.values()))
            if not all(map(self._target.has, below)):
                return False
        try:
            self._target.finish(root, raw)
        except RegistryError as error:
            # A registry may have lost blobs of a manifest that it has; then each is asked for.
            if not _UNKNOWN.intersection(error.codes):
                raise
            return False
        for desc in self._blobs.values():
            self._tell(desc, "Layer already exists", desc.size, desc.size)
        return True

    def _gather(self, desc: Descriptor, raw: bytes, depth: int) -> None:
        """Note what a document refers to, what is referred to before what refers to it."""
        document = parse_manifest(raw, desc.media_type)
        if not isinstance(document, Index):
            for blob in (document.config, *document.layers):
                if not blob.urls:  # what may not be distributed stays where it is
                    self._blobs.setdefault(blob.digest, _plain(blob))
        elif depth == 0:
            raise UnsupportedMediaType("indexes stand in indexes too deep to be an image's", hint="Check the name")
        else:
            for child in document.manifests:
                if not (media.is_manifest(child.media_type) or media.is_index(child.media_type)):
                    self._blobs.setdefault(child.digest, _plain(child))
                elif child.digest not in self._manifests:
                    self._gather(_plain(child), self._source.read(_plain(child)), depth - 1)
        self._manifests[desc.digest] = (desc, raw)

    def _send(self) -> int:
        for desc in self._blobs.values():
            self._tell(desc, "Preparing", 0, desc.size)
        largest_first = sorted(self._blobs.values(), key=lambda desc: -desc.size)
        sent = sum(side_by_side(largest_first, self._blob, threads=self._target.threads))
        for desc, raw in self._manifests.values():
            if not self._target.has(desc):
                self._target.put_manifest(desc, raw)
        return sent

    def _blob(self, desc: Descriptor, stop: Callable[[], bool]) -> int:
        if self._target.has(desc):
            self._tell(desc, "Layer already exists", desc.size, desc.size)
            return 0
        if self._target.mount(desc, self._source):
            self._tell(desc, "Mounted", desc.size, desc.size)
            return 0

        def sent(count: int) -> None:
            if stop():
                raise InterruptedError("stopped while a layer was copied")
            self._tell(desc, "Pushing", count, desc.size)

        self._tell(desc, "Pushing", 0, desc.size)
        with RestartableBlob(self._source, desc) as stream:
            self._target.put(desc, stream, on_sent=sent)  # type: ignore[arg-type]  # RawIOBase is a BinaryIO
        self._tell(desc, "Pushed", desc.size, desc.size)
        return desc.size


def _plain(desc: Descriptor) -> Descriptor:
    return Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size)
