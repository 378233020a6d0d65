"""Unpacked layers on the disk: each is unpacked once and shared by all containers."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from dockmagic.runtime.machine.work import work
from dockmagic.snapshot.layers import describe, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.runtime.machine.isolation import Isolation
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

__all__ = ["can_take_over", "ensure", "in_use", "take_over"]


@contextlib.contextmanager
def in_use(home: Home) -> Iterator[None]:
    """Keep the collector from unpacked layers until a container says that it needs them."""
    with home.lock("unpacked", shared=True):
        yield


def ensure(store: ContentStore, isolation: Isolation, image: Image) -> list[str]:
    """Unpack what is missing of an image's layers in the form that `isolation` needs; names of the folders, base first.

    Raises:
        InvalidLayer: a broken layer.
        OutOfSpace: the disk is full.
    """
    wanted = isolation.snapshots.keys(store, image)
    folder = store.home.layers / isolation.form_name
    store.home.make(folder)  # a container of no layers looks into it, too
    if all((folder / key).exists() for key in wanted):
        return wanted
    with store.home.lock(f"layers-{isolation.form_name}"):
        leftovers = [str(path) for path in folder.glob(".new-*")]
        if leftovers:
            work(isolation, "remove", paths=leftovers)
        work(isolation, "unpack", folder=str(folder), keys=wanted, layers=describe(store, image))
    return wanted


def can_take_over(isolation: Isolation) -> bool:
    """Whether a container's writable layer lies on disk as an unpacked layer does: same form, real owners."""
    return isolation.snapshots.shares_layers and isolation.keeps_owners


def take_over(store: ContentStore, isolation: Isolation, folder: Path, diff_id: Digest) -> None:
    """Make the writable layer of the container in `folder` the unpacked layer that equals it, if there is none."""
    place = store.home.layers / isolation.form_name / key_of(diff_id)
    with contextlib.suppress(OSError):  # it is there, or the folder is not ours to move: then it is unpacked
        if not place.exists():
            os.rename(isolation.snapshots.writable(str(folder)), place)
