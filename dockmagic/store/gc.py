"""The collector: deletes what no name, running work or other root needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.oci.digest import Digest

    from .content import ContentStore

__all__ = ["Collected", "collect"]


@dataclass(frozen=True, slots=True)
class Collected:
    """What `collect` deleted.

    Attributes:
        blobs: digests of deleted blobs (layers, configurations, manifests).
        size: bytes that came free.
    """

    blobs: tuple[Digest, ...]
    size: int


def collect(
    store: ContentStore, *, roots: Iterable[Callable[[], Iterable[Digest]]] = (), dry_run: bool = False
) -> Collected:
    """Delete every blob and file table that nothing needs.

    Args:
        store: where.
        roots: each gives further digests to keep, such as those that containers use; a manifest keeps all it refers to.
        dry_run: delete nothing, only tell.
    """
    raise NotImplementedError
