"""A file that is seen once it is whole."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from dockmagic.oci.errors import Conflict, InvalidInput
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["new_file"]


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of the one at `path` when the block ends without an error.

    Raises:
        Conflict: a folder stands there.
        InvalidInput: its folder is not there, or cannot be written to.
        OutOfSpace: the disk is full; nothing is left.
    """
    if path.is_dir():
        raise Conflict(f"{path} is a folder", hint="Name a file")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        file = temporary.open("xb")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}", hint="Check the path") from None
    try:
        with disk_errors(), file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
