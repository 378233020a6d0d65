"""``NAME[:TAG]`` without a transport: the images that are here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dockmagic.image import local
from dockmagic.image.transfer.nearest import Nearest
from dockmagic.image.transfer.pull import bring
from dockmagic.oci.reference import Reference

from .transport import CopySource, ImageTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.image import Image
    from dockmagic.oci.protocols import Progress
    from dockmagic.store.content import ContentStore

    from .transport import TransportContext

__all__ = ["TRANSPORT"]


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    image = local.find(context.store, place)
    yield CopySource(context.store, image.descriptor, image.names[0] if image.names else None)


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
        bring(Nearest(image.source, self._store), self._store, [image], on_progress, from_registry=False)


TRANSPORT: Final = ImageTransport(word="", form="NAME[:TAG]", source=_source, target=_target)
