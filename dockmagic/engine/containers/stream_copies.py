"""Copies between a container and a stream that holds a tar (``cp CONTAINER:PATH -`` and back)."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from dockmagic.runtime.transfer import copy_in, copy_out

if TYPE_CHECKING:
    from typing import BinaryIO

    from dockmagic.runtime.container import Container

__all__ = ["copy_from_stream", "copy_to_stream"]


def copy_to_stream(container: Container, path: str, target: BinaryIO, *, follow: bool) -> int:
    """Write what a container has at `path` as a tar; its bytes."""
    with tempfile.TemporaryFile(dir=container.store.home.root) as archive:
        copy_out(container, path, archive, follow=follow)
        size = archive.seek(0, os.SEEK_END)
        archive.seek(0)
        shutil.copyfileobj(archive, target, 1 << 20)
    return size


def copy_from_stream(container: Container, source: BinaryIO, path: str, *, keep_owners: bool) -> int:
    """Unpack a tar in a folder of a container; the tar's bytes."""
    with tempfile.TemporaryFile(dir=container.store.home.root) as archive:
        shutil.copyfileobj(source, archive, 1 << 20)
        size = archive.tell()
        archive.seek(0)
        copy_in(container, path, archive, keep_owners=keep_owners)
    return size
