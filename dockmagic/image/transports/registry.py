"""``docker://NAME[:TAG|@DIGEST]``: a registry."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci.reference import Reference

from .transport import CopySource, ImageTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.spec import Descriptor
    from dockmagic.registry.repository import Repository

    from .transport import TransportContext

__all__ = ["TRANSPORT"]


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    ref = Reference.parse(place).or_latest()
    repository = context.registries.repository(ref)
    yield CopySource(repository, repository.resolve(ref), ref)


@contextmanager
def _target(context: TransportContext, place: str) -> Iterator[_RegistryTarget]:
    ref = Reference.parse(place).or_latest()
    yield _RegistryTarget(context.registries.repository(ref), ref)


class _RegistryTarget:
    threads = 4  # the registry does the work, and these mostly wait for it
    refuses_incomplete = True

    def __init__(self, repository: Repository, ref: Reference) -> None:
        self._repository = repository
        self._ref = ref
        self.has = repository.has

    def mount(self, desc: Descriptor, source: ImageSource) -> bool:
        name = getattr(source, "full_name", "")
        domain, _, path = name.partition("/")
        return bool(path) and domain == self._ref.domain and self._repository.mount(desc, path)

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None]) -> None:
        self._repository.put(desc, stream, on_sent=on_sent)

    def put_manifest(self, desc: Descriptor, raw: bytes) -> None:
        self._repository.name(self._ref.with_digest(desc.digest), desc, raw)

    def finish(self, desc: Descriptor, raw: bytes) -> None:
        self._repository.name(self._ref, desc, raw)


TRANSPORT: Final = ImageTransport(word="docker", form="docker://NAME[:TAG]", source=_source, target=_target)
