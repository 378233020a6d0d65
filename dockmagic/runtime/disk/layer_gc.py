"""Unpacked layers that no image and no container needs any more."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from dockmagic.image.local import by_manifest
from dockmagic.oci.errors import DockmagicError
from dockmagic.oci.spec import chain_ids
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.snapshot.layers import key_of

from .references import records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dockmagic.oci.digest import Digest
    from dockmagic.store.content import ContentStore

__all__ = ["collect_layers", "disk_size"]


def collect_layers(
    store: ContentStore, *, roots: Iterable[Callable[[], Iterable[Digest]]] = (), dry_run: bool = False
) -> int:
    """Delete what nothing needs; nothing while a container is being made, which may need anything.

    Args:
        store: where.
        roots: as the blobs' collector takes them.
        dry_run: delete nothing, only tell.

    Returns:
        Bytes on the disk that come free.
    """
    home = store.home
    if not home.layers.is_dir():
        return 0
    try:
        with home.lock("unpacked", stop=lambda: True):
            gone = _unneeded(store, roots)
            size = sum(disk_size(path) for path in gone)
            if gone and not dry_run:
                gone = [path for path in gone if _out_of_sight(path)]
    except InterruptedError:
        return 0
    if gone and not dry_run:
        with contextlib.suppress(DockmagicError):  # what another user left here is not ours to delete
            remove_folders(choose(home), [str(path.with_name(f".gone-{path.name}")) for path in gone])
    return size


def _out_of_sight(path: Path) -> bool:
    try:
        path.rename(path.with_name(f".gone-{path.name}"))
    except OSError:
        return False
    return True


def _unneeded(store: ContentStore, roots: Iterable[Callable[[], Iterable[Digest]]]) -> list[Path]:
    wanted: set[str] = set()
    manifests = {desc.digest for desc in store.manifests()}
    manifests.update(digest for root in roots for digest in root())
    for digest in manifests:
        with contextlib.suppress(DockmagicError):  # no image, or a damaged one
            wanted |= _possible_keys(tuple(by_manifest(store, digest).config_file.rootfs.diff_ids))
    for _, record in records(store):
        wanted.update(record.layers)
        wanted.update(key for mount in record.mounts for key in mount.layers)
    return [
        path
        for form in store.home.layers.iterdir()
        if form.is_dir()
        for path in form.iterdir()
        if path.name not in wanted and not path.name.startswith(".new-")
    ]


def _possible_keys(diff_ids: tuple[Digest, ...]) -> set[str]:
    # Which of the two it is stands in the file tables, and to keep both costs nothing.
    alone = {key_of(diff_id) for diff_id in diff_ids}
    return alone | {key_of(*pair) for pair in zip(diff_ids[1:], chain_ids(diff_ids), strict=False)}


def disk_size(folder: Path) -> int:
    """Bytes that a folder takes on the disk, as far as it can be read; hard links count once."""
    size = 0
    seen: set[tuple[int, int]] = set()
    pending = [os.fspath(folder)]
    while pending:
        try:
            found = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in found:
            state = entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif (state.st_dev, state.st_ino) not in seen:
                seen.add((state.st_dev, state.st_ino))
                size += state.st_blocks * 512
    return size
