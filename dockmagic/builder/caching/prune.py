"""``builder prune`` and what ``system df`` says of the build cache."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.errors import BlobNotFound, DigestMismatch, InvalidDocument
from dockmagic.oci.spec import Descriptor, Manifest, parse_manifest
from dockmagic.store.gc import collect

from . import steps
from .cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

    from .cache import CachedStep

__all__ = ["Pruned", "Usage", "prune", "usage"]

#: What lies in the builds' folder beside the records: all of it can be had again.
_ASIDE: Final = ("mounts", "downloads", "git", "stat")


class Usage(msgspec.Struct, frozen=True):
    """What the build cache takes.

    Attributes:
        records: most recently used first.
        size: bytes of all that it keeps.
        reclaimable: bytes that would come free if all of it went: layers that no image with a name has, cache mounts.
    """

    records: tuple[CachedStep, ...]
    size: int
    reclaimable: int


class Pruned(msgspec.Struct, frozen=True):
    """What was removed.

    Attributes:
        records: those that went.
        size: bytes that came free.
    """

    records: tuple[CachedStep, ...]
    size: int


def usage(store: ContentStore) -> Usage:
    """What the build cache takes now."""
    records = tuple(Cache(store.home).records())
    own = {layer.digest: layer.size for layer in _layers_of(records)}
    named = {layer.digest for stack in _named_stacks(store) for layer in stack}
    aside = sum(_size(store.home.builds / name) for name in _ASIDE)
    free = sum(size for digest, size in own.items() if digest not in named)
    return Usage(records, sum(own.values()) + aside, free + aside)


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
        all_: records of the steps of images that have a name, too (else only dangling ones, as docker), cache mounts,
            and what was fetched.
        until: only what was last used before this time (seconds since the epoch).
        keep_storage: bytes of cache to keep, the most recently used.
        roots: further roots of the collector: what containers use.
        dry_run: only tell.
    """
    cache = Cache(store.home)
    named = set() if all_ else {_chain(stack[:end]) for stack in _named_stacks(store) for end in range(len(stack) + 1)}
    going = []
    kept = 0
    for record in cache.records():
        if keep_storage and kept + record.size <= keep_storage:
            kept += record.size
            continue
        if until is not None and record.used >= until:
            continue
        if not all_ and _chain(_stack(store, record.image)) in named:
            continue
        going.append(record)
    aside = [] if not all_ or keep_storage else [path for name in _ASIDE for path in _old(store.home, name, until)]
    size = sum(_size(path) for path in aside)
    if dry_run:
        own = {layer.digest: layer.size for layer in _layers_of(going)}
        return Pruned(tuple(going), size + sum(own.values()))
    for record in going:
        cache.forget(record)
    cache.tidy()
    for path in aside:
        store.home.discard(path)
    if all_ and until is None and not keep_storage:
        steps.forget(store.home)
    freed = collect(store, roots=(cache.roots, lambda: steps.roots(store), *roots)).size
    return Pruned(tuple(going), size + freed)


def _layers_of(records: Iterable[CachedStep]) -> Iterator[Descriptor]:
    return (record.layer.descriptor for record in records if record.layer is not None)


def _named_stacks(store: ContentStore) -> Iterator[tuple[Descriptor, ...]]:
    """The layers of every image that has a name."""
    return (_stack(store, entry.descriptor.digest) for entry in store.names() if entry.ref is not None)


def _stack(store: ContentStore, manifest: Digest) -> tuple[Descriptor, ...]:
    try:
        size = store.path(manifest).stat().st_size
        raw = store.read(Descriptor(media_type=media.OCI_MANIFEST, digest=manifest, size=size))
        document = parse_manifest(raw)
    except (OSError, BlobNotFound, DigestMismatch, InvalidDocument):
        return ()
    return document.layers if isinstance(document, Manifest) else ()


def _chain(stack: tuple[Descriptor, ...]) -> tuple[Digest, ...]:
    return tuple(layer.digest for layer in stack)


def _old(home: Home, name: str, until: float | None) -> Iterator[Path]:
    """What lies aside and was not used since `until`."""
    folder = home.builds / name
    if folder.is_dir():
        for path in folder.iterdir():
            if until is None or path.stat(follow_symlinks=False).st_mtime < until:
                yield path


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - of any bytes
            except FileNotFoundError:
                continue
    return total
