"""The images of the local store: found by name, ID or digest, listed, named and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.oci.digest import Digest
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore

    from .image import Image
    from .layer import Layer, Layers

__all__ = ["Removal", "find", "find_part", "images", "prune", "remove", "tag"]


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, for docker's ``Untagged:`` and ``Deleted:`` lines.

    Attributes:
        untagged: names (and ``name@digest``), in docker's familiar form.
        deleted: the image ID first, then the ChainIDs of layers that no other image has, top first.
        size: bytes that came free on the disk.
    """

    untagged: tuple[str, ...]
    deleted: tuple[Digest, ...]
    size: int


def images(store: ContentStore) -> tuple[Image, ...]:
    """Every image, each once, newest first; those without a name too."""
    raise NotImplementedError


def find(store: ContentStore, text: str) -> Image:
    """The image that a name, an ID, a digest or a prefix of them means.

    Raises:
        ImageNotFound: none.
        AmbiguousName: the prefix fits several.
        InvalidReference: neither a name nor an ID.
    """
    raise NotImplementedError


def find_part(store: ContentStore, text: str) -> Image | Layer | Layers:
    """Like `find`, but ``IMAGE[2]`` is a layer and ``IMAGE[0:3]`` a range of layers.

    Raises:
        PathNotFound: the image has no such layer.
    """
    raise NotImplementedError


def tag(store: ContentStore, image: Image, ref: Reference) -> None:
    """Let `ref` name `image` too (``latest`` if it says nothing); an image that loses its last name stays, unnamed."""
    raise NotImplementedError


def remove(
    store: ContentStore,
    text: str,
    *,
    force: bool = False,
    roots: Iterable[Callable[[], Iterable[Digest]]] = (),
) -> Removal:
    """Remove a name; with its last name, or by ID, the image and what only it uses.

    Args:
        store: where.
        text: name, ID or digest.
        force: remove by ID also where several repositories name it.
        roots: further roots of the collector.

    Raises:
        ImageNotFound: none.
        Conflict: an ID that several repositories name, without `force`.
    """
    raise NotImplementedError


def prune(
    store: ContentStore,
    *,
    all_unused: bool = False,
    keep: Callable[[Image], bool] | None = None,
    roots: Iterable[Callable[[], Iterable[Digest]]] = (),
) -> Removal:
    """Remove images without a name (``image prune``), or all that nothing uses (``image prune -a``).

    Args:
        store: where.
        all_unused: named ones too.
        keep: images for which it returns true stay.
        roots: further roots of the collector; an image whose manifest is one is in use.
    """
    raise NotImplementedError
