"""Roots of the garbage collector, and unpacked layers that no image needs any more."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError
from dockmagic.store.gc import Collected
from dockmagic.store.gc import collect as collect_blobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore

__all__ = ["collect", "collect_layers", "roots"]


def roots(store: ContentStore) -> tuple[Callable[[], Iterable[Digest]], ...]:
    """What the collector keeps beside the names: one entry for each part of dockmagic that relies on content."""
    from dockmagic.runtime.disk import references

    if not store.home.builds.is_dir():
        return (partial(references.roots, store),)
    from dockmagic.builder.caching import steps
    from dockmagic.builder.caching.cache import Cache

    return partial(references.roots, store), Cache(store.home).roots, partial(steps.roots, store)


def collect(store: ContentStore, *, dry_run: bool = False) -> Collected:
    """Delete every blob, file table and unpacked layer that no image, container or build needs, and what a kill left.

    Args:
        store: where.
        dry_run: delete nothing, only tell.
    """
    if not dry_run and store.home.containers.is_dir():
        from dockmagic.runtime.disk.orphans import sweep
        from dockmagic.runtime.machine.tiers import choose

        with contextlib.suppress(DockmagicError):  # nothing can run here, so what is left is somebody else's
            sweep(store, choose(store.home))
    blobs = collect_blobs(store, roots=roots(store), dry_run=dry_run)
    return Collected(blobs.blobs, blobs.size + collect_layers(store, dry_run=dry_run))


def collect_layers(store: ContentStore, *, dry_run: bool = False) -> int:
    """The part of `collect` that has to do with unpacked layers; bytes that come free."""
    if not store.home.layers.is_dir():
        return 0
    from dockmagic.runtime.disk.layer_gc import collect_layers as collect_unpacked

    return collect_unpacked(store, roots=roots(store), dry_run=dry_run)
