"""The garbage collector: deletes what no name, running work or other root needs."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import BlobNotFound, DigestMismatch, InvalidDigest, InvalidDocument, UnsupportedMediaType
from dockmagic.oci.spec import DOCUMENT_LIMIT, Descriptor, Index, parse_config, parse_manifest

from .lock import try_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dockmagic.oci.spec import Manifest

    from .content import ContentStore
    from .home import Home

__all__ = ["Collected", "collect"]

# How long a broken-off download waits to be taken up, in seconds.
_PATIENCE: Final = 7 * 86400


class Collected(msgspec.Struct, frozen=True):
    """What `collect` deleted.

    Attributes:
        blobs: digests of the layers, configurations and manifests.
        size: bytes that came free.
    """

    blobs: tuple[Digest, ...]
    size: int


def collect(
    store: ContentStore, *, roots: Iterable[Callable[[], Iterable[Digest]]] = (), dry_run: bool = False
) -> Collected:
    """Delete every blob and file table that nothing needs, and downloads that nobody has taken up for a week.

    Args:
        store: where.
        roots: each gives further digests to keep, such as those that containers use; a manifest's keeps all that it
            refers to.
        dry_run: delete nothing, only tell.
    """
    home = store.home
    home.check()
    if not home.store.is_dir():
        return Collected((), 0)
    with home.lock("gc"):
        keep = _marks(store, roots)
        unneeded = [found for found in _files(home.store / "blobs" / "sha256") if found[1] not in keep.blobs]
        tables = [found for found in _files(home.root / "tables") if found[1] not in keep.diff_ids]
        size = sum(state.st_size for _, _, state in unneeded + tables)
        if not dry_run:
            for path, _, _ in unneeded + tables:
                home.discard(path)
            size += _drop_old_downloads(home)
    if not dry_run:
        home.empty_trash()
    return Collected(tuple(digest for _, digest, _ in unneeded), size)


def _marks(store: ContentStore, roots: Iterable[Callable[[], Iterable[Digest]]]) -> _Marks:
    keep = _Marks(store)
    # Leases before names: what a lease that ends in between has protected, has its name by now.
    for digest in _leased(store.home):
        keep.blob(digest)
    for desc in store.manifests():
        keep.manifest(desc.digest)
    for root in roots:
        for digest in root():
            keep.manifest(digest)
    return keep


class _Marks:
    """What is to stay."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self.blobs: set[Digest] = set()
        self.diff_ids: set[Digest] = set()

    def blob(self, digest: Digest) -> None:
        self.blobs.add(digest)

    def manifest(self, digest: Digest) -> None:
        """Keep a blob and, if it is a manifest or an index, all that it refers to."""
        if digest in self.blobs:
            return
        self.blobs.add(digest)
        raw = self._document(digest)
        if raw is None:
            return
        try:
            document = parse_manifest(raw)
        except (InvalidDocument, UnsupportedMediaType):
            return
        if isinstance(document, Index):
            for desc in document.manifests:
                self.manifest(desc.digest)
        else:
            self._image(document)

    def _image(self, manifest: Manifest) -> None:
        self.blobs.update(desc.digest for desc in (manifest.config, *manifest.layers))
        config = self._document(manifest.config.digest)
        if config is not None:
            with contextlib.suppress(InvalidDocument):
                self.diff_ids.update(parse_config(config).rootfs.diff_ids)

    def _document(self, digest: Digest) -> bytes | None:
        """A small JSON document; None for anything else."""
        try:
            size = self._store.path(digest).stat().st_size
            if size > DOCUMENT_LIMIT:
                return None
            return self._store.read(Descriptor(media_type=media.OCI_MANIFEST, digest=digest, size=size))
        except (FileNotFoundError, BlobNotFound, DigestMismatch):
            return None


def _leased(home: Home) -> Iterator[Digest]:
    """The digests of running work; leases whose process is gone are cleared away."""
    for path in home.leases.iterdir():
        with path.open("rb") as file:
            if try_lock(file.fileno()):
                path.unlink(missing_ok=True)
                continue
            for line in file.read().decode().split():
                with contextlib.suppress(InvalidDigest):
                    yield Digest(line)


def _files(folder: Path) -> Iterator[tuple[Path, Digest, os.stat_result]]:
    """The files that are named by a digest; forgotten temporary ones are deleted."""
    for entry in os.scandir(folder):
        state = entry.stat(follow_symlinks=False)
        path = folder / entry.name
        try:
            digest = Digest.from_hex(entry.name)
        except InvalidDigest:
            if state.st_mtime < time.time() - _PATIENCE:
                path.unlink(missing_ok=True)
            continue
        yield path, digest, state


def _drop_old_downloads(home: Home) -> int:
    freed = 0
    for path, _, state in _files(home.root / "partial"):
        if state.st_mtime < time.time() - _PATIENCE:
            with path.open("rb") as file:
                if try_lock(file.fileno()):
                    freed += state.st_size
                    path.unlink(missing_ok=True)
    return freed
