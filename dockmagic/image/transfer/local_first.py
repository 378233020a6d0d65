"""A source whose documents are taken from the store where they are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.reference import Reference
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.content import ContentStore

__all__ = ["LocalFirstSource"]


class LocalFirstSource:
    """An `ImageSource`: `source`, but what `store` has is not asked of it, and no document twice.

    Args:
        source: a registry's repository or an archive.
        store: the local store.
    """

    def __init__(self, source: ImageSource, store: ContentStore) -> None:
        self._source = source
        self._store = store
        self._documents: dict[Digest, bytes] = {}

    def resolve(self, ref: Reference) -> Descriptor:
        """What `ref` names in the source now."""
        return self._source.resolve(ref)

    def read(self, desc: Descriptor) -> bytes:
        """A document as a whole, verified."""
        known = self._documents.get(desc.digest)
        if known is None:
            known = self._store.read(desc) if self._store.has(desc) else self._source.read(desc)
            self._documents[desc.digest] = known
        return known

    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> AbstractContextManager[BinaryIO]:
        """Read a blob."""
        return (self._store if self._store.has(desc) else self._source).open(desc, offset=offset, verify=verify)
