"""Push: an image into a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from dockmagic.image import local
from dockmagic.image.actions import Pushed
from dockmagic.image.workers import side_by_side
from dockmagic.oci.errors import RegistryError
from dockmagic.oci.protocols import BlobSink, ignore_progress
from dockmagic.store.content import ContentStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor

__all__ = ["PushTarget", "push"]


# The registry does the work and these threads mostly wait for it, so more of them help than when pulling.
_THREADS = 4


class PushTarget(BlobSink, Protocol):
    """A registry's repository."""

    def mount(self, desc: Descriptor, other: str) -> bool:
        """Have the registry take the blob from its repository `other`; whether it did."""
        ...

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None] | None = None) -> None:
        """Upload a blob; `on_sent` gets how many bytes have gone up so far."""
        ...


def push(image: Image, sink: PushTarget, ref: Reference, *, on_progress: Progress = ignore_progress) -> Pushed:
    """Send `image` to `sink` as `ref`: only what is missing, layers side by side, the manifest last.

    Blobs that another repository of the same registry has (as local images that came from there tell) are mounted.

    Args:
        image: from the local store, another registry or an archive.
        sink: a registry's repository.
        ref: the name it gets there.
        on_progress: gets each layer's state in docker's words (``Preparing``, ``Waiting``, ``Pushing``, ``Pushed``,
            ``Layer already exists``, ``Mounted from library/ubuntu``).

    Raises:
        Denied: the registry does not allow it.
        RegistryError: the registry refuses or fails.
    """
    sent = _send(image, sink, ref, on_progress)
    _remember(image, ref)
    return Pushed(ref, image.digest, image.descriptor.size, sent)


def _send(image: Image, sink: PushTarget, ref: Reference, on_progress: Progress) -> int:
    """Blobs and manifest; returns how many bytes of blobs went up."""
    work = _Push(image, sink, ref, on_progress)
    if sink.has(image.descriptor):
        work.nothing_to_send()
        try:
            sink.name(ref, image.descriptor, image.raw_manifest)
        except RegistryError as error:
            # A registry may have lost blobs of a manifest that it has; then each is asked for.
            if not {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"}.intersection(error.codes):
                raise
        else:
            return 0
    sent = work.blobs()
    sink.name(ref, image.descriptor, image.raw_manifest)
    return sent


def _remember(image: Image, ref: Reference) -> None:
    """A local image that was made here is known to the registry from now on, by its digest."""
    if isinstance(image.source, ContentStore):
        entry = image.source.find(ref)
        if entry is not None and entry.descriptor.digest == image.digest and not entry.repository:
            image.source.tag(ref, image.descriptor, from_registry=True)


class _Push:
    """The blobs of one image on their way, in several threads at once."""

    def __init__(self, image: Image, sink: PushTarget, ref: Reference, on_progress: Progress) -> None:
        self._image = image
        self._sink = sink
        self._ref = ref
        self._tell = on_progress
        self._repositories: dict[Digest, tuple[str, ...]] | None = None

    def nothing_to_send(self) -> None:
        for desc in self._image.manifest.layers:
            self._tell(desc, "Layer already exists", desc.size, desc.size)

    def blobs(self) -> int:
        """Send what is missing; returns how many bytes went up."""
        unique = {desc.digest: desc for desc in (*self._image.manifest.layers, self._image.manifest.config)}
        for desc in self._image.manifest.layers:
            self._tell(desc, "Preparing", 0, desc.size)
        return sum(side_by_side(sorted(unique.values(), key=lambda desc: -desc.size), self._blob, threads=_THREADS))

    def _blob(self, desc: Descriptor, stop: Callable[[], bool]) -> int:
        if self._sink.has(desc):
            self._tell(desc, "Layer already exists", desc.size, desc.size)
            return 0
        for other in self._elsewhere().get(desc.digest, ()):
            if self._sink.mount(desc, other):
                self._tell(desc, f"Mounted from {other}", desc.size, desc.size)
                return 0

        def sent(count: int) -> None:
            if stop():
                raise InterruptedError("stopped while a layer went up")
            self._tell(desc, "Pushing", count, desc.size)

        self._tell(desc, "Pushing", 0, desc.size)
        # The registry verifies what it is sent; a file that can seek is taken up again where an upload broke off.
        with self._image.source.open(desc, verify=False) as stream:
            self._sink.put(desc, stream, on_sent=sent)
        self._tell(desc, "Pushed", desc.size, desc.size)
        return desc.size

    def _elsewhere(self) -> dict[Digest, tuple[str, ...]]:
        """Other repositories of the registry that have a blob."""
        if self._repositories is None:
            found: dict[Digest, dict[str, None]] = {}
            for digest, path in _known(self._image, self._ref):
                found.setdefault(digest, {})[path] = None
            self._repositories = {digest: tuple(paths) for digest, paths in found.items()}
        return self._repositories


def _known(image: Image, ref: Reference) -> Iterator[tuple[Digest, str]]:
    if not isinstance(image.source, ContentStore):
        return
    ours = {desc.digest for desc in (*image.manifest.layers, image.manifest.config)}
    for entry in image.source.names():
        domain, _, path = entry.repository.partition("/")
        if domain != ref.domain or path == ref.path:
            continue
        manifest = local.by_digest(image.source, entry.descriptor.digest).manifest
        for desc in (*manifest.layers, manifest.config):
            if desc.digest in ours:
                yield desc.digest, path
