"""Layers of an image: one, and a range of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor
    from dockmagic.store.layer.compare import Change
    from dockmagic.store.layer.table import LayerTable
    from dockmagic.store.layer.tree import FileTree

__all__ = ["Layer", "Layers"]


class Layer:
    """One layer of an image. Get it as ``image.layers[2]``.

    Attributes:
        index: its place, 0 is the base.
        descriptor: of its blob.
        diff_id: digest of the uncompressed tar.
        chain_id: names the stack up to and with this layer.
        created_by: the instruction that made it, as the history says; empty if the history does not tell.
        created: when, as the history says (RFC 3339); may be empty.
        comment: as the history says; may be empty.
    """

    index: int
    descriptor: Descriptor
    diff_id: Digest
    chain_id: Digest
    created_by: str
    created: str
    comment: str

    @property
    def table(self) -> LayerTable:
        """Its entries, as they stand in the tar; fetched and verified if they are not here."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """Bytes of its files."""
        raise NotImplementedError

    @property
    def compressed_size(self) -> int:
        """Bytes of its blob."""
        raise NotImplementedError

    @property
    def below(self) -> Layers:
        """The layers beneath it."""
        raise NotImplementedError

    @property
    def files(self) -> FileTree:
        """Its own files alone."""
        raise NotImplementedError

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it adds, changes and deletes in the view of the layers below."""
        raise NotImplementedError

    def open(self, path: str) -> object:
        """The content of one of its own regular files, as a context manager of a binary stream."""
        raise NotImplementedError


class Layers(Sequence[Layer]):
    """Layers ``start`` to ``stop - 1`` of an image, base first; slices are `Layers` too.

    Attributes:
        start: place of the first.
        stop: place after the last.
    """

    start: int
    stop: int

    @overload
    def __getitem__(self, item: int) -> Layer: ...
    @overload
    def __getitem__(self, item: slice) -> Layers: ...
    def __getitem__(self, item: int | slice) -> Layer | Layers:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Layer]:
        raise NotImplementedError

    @property
    def below(self) -> Layers:
        """The layers beneath the first."""
        raise NotImplementedError

    @property
    def files(self) -> FileTree:
        """The merged view of these layers alone."""
        raise NotImplementedError

    @property
    def changes(self) -> tuple[Change, ...]:
        """What they add, change and delete together in the view of the layers below."""
        raise NotImplementedError
