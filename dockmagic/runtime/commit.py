"""A container's changes as a new layer, and with it a new image (``docker commit``)."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from dockmagic.image.mutate import append_layer, with_config, with_history
from dockmagic.layer.compression.compress import Compressor
from dockmagic.layer.toc import LayerTOC
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.media import Compression
from dockmagic.oci.spec import Descriptor, History
from dockmagic.snapshot.layers import tables
from dockmagic.store.home import disk_errors

from .disk import layers
from .machine.work import work
from .pause import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dockmagic.image.image import Image
    from dockmagic.oci.reference import Reference

    from .container import Container

__all__ = ["WrittenLayer", "commit", "write_layer"]

# From how many bytes of tar on a second thread pays.
_MANY = 4 << 20


class WrittenLayer(NamedTuple):
    """A container's changes as a layer in the store.

    Attributes:
        descriptor: of the blob.
        diff_id: of its tar.
        table: what is in it.
    """

    descriptor: Descriptor
    diff_id: Digest
    table: LayerTOC


def commit(
    container: Container,
    ref: Reference | None = None,
    *,
    author: str = "",
    message: str = "",
    changes: Sequence[str] = (),
    pause: bool = True,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Image:
    """Make an image of a container's image and its writable layer. Volumes are no part of it.

    The layer is the canonical difference: the same change gives the same DiffID everywhere. With ``SOURCE_DATE_EPOCH``
    no time is later than that, and the image is the same byte for byte.

    Args:
        container: running or not.
        ref: name of the new image; None for none.
        author: for the history.
        message: likewise.
        changes: Dockerfile instructions, see `apply_changes`.
        pause: hold a running container still meanwhile.
        on_notice: hears of what may be wrong because this machine has one user only.

    Raises:
        InvalidInput: a change that is none.
        OutOfSpace: the disk is full; nothing is named.
    """
    store = container.store
    image = container.image
    config = container.record.config
    # -e NAME takes a variable away from the container; a configuration knows none without a value.
    config = msgspec.structs.replace(config, env=tuple(word for word in config.env or () if "=" in word) or None)
    if changes:
        from dockmagic.image.instructions import apply_changes

        config = apply_changes(config, changes)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isdecimal() else None
    step = History(
        created=_time(seconds),
        created_by=" ".join(container.record.argv),
        author=author or None,
        comment=message or None,
    )
    with store.lease() as keep:
        layer = write_layer(container, keep=keep, epoch=seconds, pause=pause)
        if layer is None:
            image = with_history(store, image, step)
        else:
            for notice in container.isolation.driver.commit_warnings(layer.table, image):
                on_notice(notice)
            image = append_layer(store, image, layer.descriptor, layer.diff_id, step)
        keep([image.digest, image.id])
        if config != image.config:
            image = with_config(store, image, config)
            keep([image.digest, image.id])
        with store.edit() as names:
            if ref is None:
                names.add(image.descriptor)
            else:
                names.set(ref, image.descriptor)
    return image


def write_layer(
    container: Container,
    *,
    keep: Callable[[Iterable[Digest]], None],
    epoch: int | None = None,
    pause: bool = True,
    last: bool = False,
) -> WrittenLayer | None:
    """Put a container's changes into the store as a layer, with its file table; no image, no name.

    Args:
        container: running or not.
        keep: of a lease of the store: it hears the blob's digest before the blob is there.
        epoch: latest time of a file, seconds since the epoch; the blob is the same everywhere then. None for as it is.
        pause: hold a running container still meanwhile.
        last: it has ended and will not run again, so what it has written need not be unpacked from the layer: where it
            can, it moves to the unpacked layers.

    Returns:
        None if nothing has changed.

    Raises:
        NotSupported: nothing tells whose the files are.
        OutOfSpace: the disk is full.
    """
    store = container.store
    container.isolation.driver.check_commit()
    last = last and layers.can_take_over(container.isolation)
    with tempfile.TemporaryFile(dir=store.home.root, prefix=".commit.") as tar:
        diff_id, table = _pack(container, tar, epoch, pause=pause, last=last)
        if not (table.entries or table.whiteouts):
            return None
        with tempfile.TemporaryFile(dir=store.home.root, prefix=".commit.") as blob:
            descriptor = _compress(tar, blob, reproducible=epoch is not None)
            keep([descriptor.digest])
            store.put(descriptor, blob)
        store.home.write(store.home.table(diff_id), table.dumps(), durable=False)
    if last and not table.needs_parent:
        layers.take_over(store, container.isolation, container.folder, diff_id)
    return WrittenLayer(descriptor, diff_id, table)


def _pack(
    container: Container, tar: BinaryIO, epoch: int | None, *, pause: bool, last: bool
) -> tuple[Digest, LayerTOC]:
    still = held(container.state.pid if pause else 0)
    isolation, paths = container.isolation, tables(container.store, container.image)
    if not isolation.needs_worker:
        from dockmagic.snapshot.commit import pack_view

        with still, disk_errors():
            diff, packed = pack_view(
                container.folder, paths, tar.fileno(), isolation=isolation.record(), epoch=epoch, last=last
            )
        return Digest(diff), LayerTOC.loads(packed)
    with tempfile.TemporaryFile() as table, still:
        answer = work(
            isolation,
            "pack",
            descriptors=(tar.fileno(), table.fileno()),
            spec=container.spec(),
            tables=paths,
            epoch=epoch,
            last=last,
        )
        table.seek(0)
        return Digest(answer["diff_id"]), LayerTOC.loads(table.read())


class _Counted:
    """A file that knows the digest and length of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _compress(tar: BinaryIO, blob: BinaryIO, *, reproducible: bool) -> Descriptor:
    tar.seek(0)
    counted = _Counted(blob)
    threads = 2 if os.fstat(tar.fileno()).st_size >= _MANY else 1
    with Compressor(counted, Compression.GZIP, reproducible=reproducible, threads=threads) as packed:  # type: ignore[arg-type]
        shutil.copyfileobj(tar, packed, 1 << 20)
    blob.seek(0)
    return Descriptor(
        media_type=media.OCI_LAYER_GZIP, digest=Digest.from_hex(counted.hash.hexdigest()), size=counted.size
    )


def _time(epoch: int | None) -> str:
    moment = dt.datetime.now(dt.UTC) if epoch is None else dt.datetime.fromtimestamp(epoch, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if epoch is not None else "%Y-%m-%dT%H:%M:%S.%fZ")
