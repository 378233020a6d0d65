"""Changes in a copy of an image's files, found by comparing inodes and change times with a list made at its start."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from .changes import FOLDER, Written, owned, shared_inode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dockmagic.layer.pack import OwnerRecord

__all__ = ["remember", "scan"]

_BASELINE: Final = "baseline"


class _Baseline(msgspec.Struct, frozen=True, array_like=True):
    """What a copy looked like before any program of the container ran.

    Attributes:
        seen: inode and ctime, in nanoseconds, of each path. Nobody can set a ctime back.
        apart: paths that are not looked at.
    """

    seen: dict[bytes, tuple[int, int]]
    apart: frozenset[bytes]


def remember(folder: Path, apart: Iterable[str]) -> None:
    """Write down in the container's `folder` what its copy looks like, but for the paths `apart`."""
    hidden = frozenset(os.fsencode(path) for path in apart)
    files = _walk(os.open(folder / "merged", FOLDER), b"", hidden)
    seen = {name: (status.st_ino, status.st_ctime_ns) for name, status in files}
    (folder / _BASELINE).write_bytes(msgspec.msgpack.encode(_Baseline(seen, hidden)))


def scan(folder: Path, root: Path, told: Callable[[Written], OwnerRecord] | None = None) -> list[Written]:
    """Everything that has changed in the copy at `root` since `remember`, as `upper.scan` tells it.

    Args:
        folder: of the container.
        root: its copy.
        told: as for `upper.scan`.
    """
    baseline = msgspec.msgpack.decode((folder / _BASELINE).read_bytes(), type=_Baseline)
    seen = baseline.seen
    found = []
    for name, status in _walk(os.open(root, FOLDER), b"", baseline.apart):
        if seen.pop(name, None) == (status.st_ino, status.st_ctime_ns):
            continue
        mode = status.st_mode
        size = status.st_size if stat.S_ISREG(mode) else 0
        item = Written(
            name, mode, size, int(status.st_mtime), status.st_uid, status.st_gid,
            major=os.major(status.st_rdev), minor=os.minor(status.st_rdev),
            inode=shared_inode(status),
        )  # fmt: skip
        found.append(item if told is None else owned(item, told(item)))
    # Of what is gone, the highest names.
    found += [Written(name, 0) for name in seen if name.rpartition(b"/")[0] not in seen]
    return sorted(found, key=lambda item: item.name.split(b"/"))


def _walk(folder: int, prefix: bytes, apart: frozenset[bytes]) -> Iterator[tuple[bytes, os.stat_result]]:
    """What is in an opened folder, which is closed. The container may be running, and turn any folder into a link."""
    try:
        with os.scandir(folder) as entries:
            names = [os.fsencode(entry.name) for entry in entries]
        for base in names:
            name = prefix + base
            if name in apart:
                continue
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # gone meanwhile, or another thing
                status = os.stat(base, dir_fd=folder, follow_symlinks=False)
                inside = os.open(base, FOLDER, dir_fd=folder) if stat.S_ISDIR(status.st_mode) else -1
                yield name, status
                if inside >= 0:
                    yield from _walk(inside, name + b"/", apart)
    finally:
        os.close(folder)
