"""``builder prune`` and what ``system df`` says of the build cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore

    from .cache import Record

__all__ = ["Pruned", "Usage", "prune", "usage"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What the build cache takes.

    Attributes:
        records: most recently used first.
        size: bytes of all that it keeps.
        reclaimable: bytes that would come free if all of it went: layers that no image with a name has, cache mounts.
    """

    records: tuple[Record, ...]
    size: int
    reclaimable: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed.

    Attributes:
        records: those that went.
        size: bytes that came free.
    """

    records: tuple[Record, ...]
    size: int


def usage(store: ContentStore) -> Usage:
    """What the build cache takes now."""
    raise NotImplementedError


def prune(
    store: ContentStore,
    *,
    all_: bool = False,
    until: float | None = None,
    keep_storage: int = 0,
    roots: Iterable[Callable[[], Iterable[Digest]]] = (),
    dry_run: bool = False,
) -> Pruned:
    """Remove records that nobody needs, and what only they keep.

    Args:
        store: where.
        all_: records of the steps of images that have a name, too (else only dangling ones, as docker).
        until: only what was last used before this time (seconds since the epoch).
        keep_storage: bytes of cache to keep, the most recently used.
        roots: further roots of the collector.
        dry_run: only tell.
    """
    raise NotImplementedError
