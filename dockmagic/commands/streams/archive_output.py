"""Where an archive goes: a file that appears whole, or standard output."""

from __future__ import annotations

import errno
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput, OutOfSpace
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from dockmagic.commands.cmdline.context import CommandContext

__all__ = ["archive_output"]


@contextmanager
def archive_output(ctx: CommandContext, path: str | None, *, command: str) -> Iterator[BinaryIO]:
    """A stream to write an archive to; a file appears only when it is whole.

    Args:
        ctx: whose standard output.
        path: of a file; None or ``-`` for standard output.
        command: for the message, such as ``save``.

    Raises:
        InvalidInput: standard output does not take archives, or there is no such folder.
        OutOfSpace: the disk is full.
    """
    if path in (None, "", "-"):
        if ctx.stdout is None:
            raise InvalidInput(
                "cowardly refusing to write an archive to a terminal", hint=f"Write `{command} -o FILE`, or redirect"
            )
        with _full("standard output"):
            yield ctx.stdout
        return
    target = Path(path).expanduser()
    if target.is_dir() or not target.parent.is_dir():
        raise InvalidInput(
            f"{target} is a folder, or in one that is not there", hint="Name a file in an existing folder"
        )
    if target.exists() and not target.is_file():  # a pipe or device is written to as it is
        with _full(str(target)), target.open("wb", buffering=0) as stream:
            yield stream
        return
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with disk_errors(), _full(str(target)):
            with partial.open("wb") as stream:
                yield stream
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _full(where: str) -> Iterator[None]:
    """Tell which disk is full: that of the output, not that of the images."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OutOfSpace(
            f"no space is left for {where}", hint="Free some space there, or write to another disk"
        ) from error
