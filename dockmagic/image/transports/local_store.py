"""``NAME[:TAG]`` without a transport: the images that are here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dockmagic.image import local
from dockmagic.image.transfer.local_first import LocalFirstSource
from dockmagic.image.transfer.pull import bring
from dockmagic.image.transfer.pull_index import pull_index
from dockmagic.oci.errors import InvalidReference
from dockmagic.oci.reference import Reference

from .transport import CopySource, ImageTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.image import Image
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore

    from .transport import TransportContext

__all__ = ["TRANSPORT"]


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    image = local.find(context.store, place)
    try:
        asked = Reference.parse(place).or_latest()
    except InvalidReference:  # an ID
        asked = None
    name = asked if asked in image.names else image.names[0] if image.names else None
    whole = context.store.whole_index(name) if name is not None else None
    yield CopySource(context.store, whole or image.descriptor, name, image.descriptor)


@contextmanager
def _target(context: TransportContext, place: str) -> Iterator[_StoreTarget]:
    yield _StoreTarget(context.store, Reference.parse(place).or_latest())


class _StoreTarget:
    keeps_digests = True

    def __init__(self, store: ContentStore, ref: Reference) -> None:
        self._store = store
        self._ref = ref

    def write(self, image: Image, on_progress: Progress) -> None:
        image.names = (self._ref,)
        bring(LocalFirstSource(image.source, self._store), self._store, [image], on_progress, from_registry=False)

    def write_index(self, source: ImageSource, index: Descriptor, on_progress: Progress) -> None:
        pull_index(source, self._store, self._ref, index, on_progress=on_progress, from_registry=False)


TRANSPORT: Final = ImageTransport(word="", form="NAME[:TAG]", source=_source, target=_target)
