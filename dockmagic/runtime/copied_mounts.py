"""Mounts of a step where nothing can be mounted: brought into the container's copy, and taken out when it has ended.

A cache is brought back as a whole, or not at all; all else that was written at such a place is lost, as it is where
mounts are. Secrets are the shim's business.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.linux import kernel
from dockmagic.oci.errors import InvalidInput
from dockmagic.snapshot import copytree
from dockmagic.store.home import disk_errors

from .disk import layers
from .init.secretdata import give
from .init.spots import Spots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

    from .container import Container
    from .disk.record import Mount
    from .init.spots import Spot
    from .machine.isolation import Isolation

__all__ = ["carried", "copy_from_image"]

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PINNED: Final = os.O_PATH | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TMPFS_MODE: Final = 0o1777


@contextlib.contextmanager
def carried(container: Container) -> Iterator[None]:
    """Have the mounts of a container that has none at their places as long as the block lasts.

    Raises:
        InvalidInput: there can be no such place.
        OutOfSpace: the disk is full.
    """
    mounts = [mount for mount in container.record.mounts if mount.type != "secret"]
    if not (container.isolation.driver.carries_mounts and mounts):
        yield
        return
    with disk_errors(), _placed(Spots(str(container.folder), "hidden"), mounts):
        yield


@contextlib.contextmanager
def _placed(spots: Spots, mounts: list[Mount]) -> Iterator[None]:
    brought: dict[Spot, tuple[Mount, os.stat_result]] = {}

    def remove(spot: Spot) -> None:
        mount, status = brought.get(spot, (None, None))
        if mount is not None and status is not None and mount.type == "cache" and not mount.read_only:
            _bring_back(spot, Path(mount.source), status)
        _remove(spot)

    try:
        # Outer folders before what lies in them.
        for mount in sorted(mounts, key=lambda mount: mount.target.count("/")):
            with _opened(mount) as source:
                is_folder = source is None or stat.S_ISDIR(os.fstat(source).st_mode)
                try:
                    spot = spots.take(mount.target, folder=is_folder)
                except ValueError as error:
                    raise InvalidInput(str(error), hint="Mount it elsewhere") from None
                brought[spot] = mount, _bring(source, spot, mount, folder=is_folder)
        yield
    finally:
        spots.give_back(remove)


@contextlib.contextmanager
def _opened(mount: Mount) -> Iterator[int | None]:
    """What a mount shows, opened; None for an empty folder."""
    if mount.type == "tmpfs":
        yield None
        return
    top = f"{mount.source}/{mount.layers[-1]}" if mount.type == "image" else mount.source
    with contextlib.ExitStack() as opened:
        descriptor = os.open(top, _PINNED)
        opened.callback(os.close, descriptor)
        if mount.subpath:
            descriptor = kernel.open_in_root(descriptor, mount.subpath, _PINNED)
            opened.callback(os.close, descriptor)
        yield descriptor


def _bring(source: int | None, spot: Spot, mount: Mount, *, folder: bool) -> os.stat_result:
    if not folder:
        assert source is not None
        return _bring_file(source, spot)
    os.mkdir(spot.name, 0o700, dir_fd=spot.folder)
    aim = os.open(spot.name, _FOLDER, dir_fd=spot.folder)
    status = os.fstat(aim)
    if source is None:
        os.fchmod(aim, _TMPFS_MODE)
        os.close(aim)
        return status
    if mount.type == "cache" and not os.listdir(f"/proc/self/fd/{source}"):
        give(f"/proc/self/fd/{source}", msgspec.to_builtins(mount))
    copytree.copy_open(os.open(f"/proc/self/fd/{source}", _FOLDER & ~os.O_NOFOLLOW), aim, owners=True)
    return status


def _bring_file(source: int, spot: Spot) -> os.stat_result:
    with open(f"/proc/self/fd/{source}", "rb") as reads:
        with open(os.open(spot.name, _NEW, 0o600, dir_fd=spot.folder), "wb") as writes:
            shutil.copyfileobj(reads, writes)
            status = os.fstat(reads.fileno())
            os.fchown(writes.fileno(), status.st_uid, status.st_gid)
            os.fchmod(writes.fileno(), stat.S_IMODE(status.st_mode))
        os.utime(spot.name, ns=(status.st_mtime_ns, status.st_mtime_ns), dir_fd=spot.folder, follow_symlinks=False)
    return os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)


def _bring_back(spot: Spot, cache: Path, ours: os.stat_result) -> None:
    """Put what a cache holds now in the place of what it held, in one step."""
    try:
        source = os.open(spot.name, _FOLDER, dir_fd=spot.folder)
    except OSError:
        return  # the program has put something else there
    status = os.fstat(source)
    if (status.st_dev, status.st_ino) != (ours.st_dev, ours.st_ino):
        os.close(source)
        return
    fresh = cache.with_name(f".{cache.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)  # of somebody who was killed
    try:
        os.rename(spot.name, fresh, src_dir_fd=spot.folder)
        os.close(source)
    except OSError:  # another disk
        fresh.mkdir(0o700)
        copytree.copy_open(source, os.open(fresh, _FOLDER), owners=True)
    try:
        kernel.exchange(os.fsencode(fresh), os.fsencode(cache))
    except OSError:  # not every file system can
        old = cache.with_name(f".{cache.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        cache.rename(old)
        fresh.rename(cache)
        fresh = old
    shutil.rmtree(fresh, ignore_errors=True)


def _remove(spot: Spot) -> None:
    try:
        os.unlink(spot.name, dir_fd=spot.folder)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        shutil.rmtree(spot.name, dir_fd=spot.folder)


def copy_from_image(store: ContentStore, isolation: Isolation, image: Image, path: str, aim: Path) -> None:
    """Copy the folder `path` of an image into the empty folder `aim`, where nothing can be mounted.

    Raises:
        InvalidInput: it is no folder.
        OutOfSpace: the disk is full.
    """
    (key,) = layers.ensure(store, isolation, image)
    top = os.open(store.home.layers / isolation.form_name / key, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        source = kernel.open_in_root(top, path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InvalidInput(f"/{path} of the image: {reason}", hint="Name a folder of it") from None
    finally:
        os.close(top)
    with disk_errors():
        copytree.copy_open(source, os.open(aim, _FOLDER), owners=True)
