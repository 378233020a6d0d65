"""A container's changes as a new layer, and with it a new image (``docker commit``)."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, BinaryIO

from dockmagic.image.mutate import append_layer, with_config, with_history
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.media import Compression
from dockmagic.oci.spec import Descriptor, History
from dockmagic.store.layer.compress import Compressor
from dockmagic.store.layer.table import LayerTable

from . import layers
from .instructions import apply_instruction
from .pause import paused
from .work import work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.image.image import Image
    from dockmagic.oci.reference import Reference

    from .container import Container

__all__ = ["commit"]


def commit(
    container: Container,
    ref: Reference | None = None,
    *,
    author: str = "",
    message: str = "",
    changes: Sequence[str] = (),
    pause: bool = True,
) -> Image:
    """Make an image of a container's image and its writable layer. Volumes are no part of it.

    The layer is the canonical difference: the same change gives the same DiffID everywhere. With ``SOURCE_DATE_EPOCH``
    no time is later than that, and the image is the same byte for byte.

    Args:
        container: running or not.
        ref: name of the new image; None for none.
        author: for the history.
        message: likewise.
        changes: Dockerfile instructions, see `apply_instruction`.
        pause: hold a running container still meanwhile.

    Raises:
        InvalidInput: a change that is none.
        OutOfSpace: the disk is full; nothing is named.
    """
    store = container.store
    image = container.image
    config = container.record.config
    for text in changes:
        config = apply_instruction(config, text)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isdecimal() else None
    step = History(
        created=_time(seconds),
        created_by=" ".join(container.record.argv),
        author=author or None,
        comment=message or None,
    )
    with tempfile.TemporaryFile(dir=store.home.root, prefix=".commit.") as tar:
        diff_id, table = _pack(container, tar, seconds, pause=pause)
        with store.lease() as keep:
            if table.entries or table.whiteouts:
                with tempfile.TemporaryFile(dir=store.home.root, prefix=".commit.") as blob:
                    layer = _compress(tar, blob, reproducible=seconds is not None)
                    keep([layer.digest])
                    store.put(layer, blob)
                store.home.write(store.home.table(diff_id), table.dumps(), durable=False)
                image = append_layer(store, image, layer, diff_id, step)
            else:
                image = with_history(store, image, step)
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


def _pack(container: Container, tar: BinaryIO, epoch: int | None, *, pause: bool) -> tuple[Digest, LayerTable]:
    held = paused(container) if pause else contextlib.nullcontext()
    with tempfile.TemporaryFile() as table, held:
        answer = work(
            container.isolation,
            "pack",
            descriptors=(tar.fileno(), table.fileno()),
            spec=container.spec(),
            tables=layers.tables(container.store, container.image),
            epoch=epoch,
        )
        table.seek(0)
        return Digest(answer["diff_id"]), LayerTable.loads(table.read())


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


def _compress(tar: BinaryIO, blob: BinaryIO, *, reproducible: bool) -> Descriptor:
    tar.seek(0)
    counted = _Counted(blob)
    with Compressor(counted, Compression.GZIP, reproducible=reproducible) as packed:  # type: ignore[arg-type]
        shutil.copyfileobj(tar, packed, 1 << 20)
    blob.seek(0)
    return Descriptor(
        media_type=media.OCI_LAYER_GZIP, digest=Digest.from_hex(counted.hash.hexdigest()), size=counted.size
    )


def _time(epoch: int | None) -> str:
    moment = dt.datetime.now(dt.UTC) if epoch is None else dt.datetime.fromtimestamp(epoch, dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if epoch is not None else "%Y-%m-%dT%H:%M:%S.%fZ")
