"""A container's files as a copy of its image's, where no overlay can be mounted, and what has become of them.

Never by hard links: a program that appends to a file would write to every container's. Where the file system can share
blocks (btrfs, xfs) the copy takes no room until it is written to.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from .upper import FOLDER, Written, owned, shared_inode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dockmagic.layer.pack import Told

__all__ = ["copy", "copy_open", "remember", "scan"]

_BASELINE: Final = "baseline"
_CLONE: Final = 0x40049409  # FICLONE (linux/fs.h)
_PIECE: Final = 1 << 30
_NO_CLONE: Final = (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM)
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def copy(source: Path, aim: Path, *, owners: bool) -> None:
    """Copy the tree at `source` into the existing folder `aim`.

    Args:
        source: of an image, unpacked layer over layer.
        aim: empty.
        owners: whether files may be given to their owners, else all are ours.
    """
    copy_open(os.open(source, FOLDER), os.open(aim, FOLDER), owners=owners)


def copy_open(source: int, aim: int, *, owners: bool) -> None:
    """The same with opened folders, which are closed."""
    _Copier(owners=owners).folder(source, aim)


class _Copier:
    def __init__(self, *, owners: bool) -> None:
        self.owners = owners
        self.shares = True  # until the file system says no
        self.linked: dict[tuple[int, int], bytes] = {}

    def folder(self, source: int, aim: int) -> None:
        """Copy what is in one directory, then what it is itself; both descriptors are closed."""
        try:
            with os.scandir(source) as found:
                for entry in found:
                    self.entry(os.fsencode(entry.name), entry.stat(follow_symlinks=False), source, aim)
            status = os.fstat(source)
            self.dress(aim, source, status)
        finally:
            os.close(source)
            os.close(aim)

    def entry(self, name: bytes, status: os.stat_result, source: int, aim: int) -> None:
        mode = status.st_mode
        if stat.S_ISDIR(mode):
            os.mkdir(name, 0o700, dir_fd=aim)
            self.folder(_reach(name, FOLDER, source, mode), os.open(name, FOLDER, dir_fd=aim))
        elif stat.S_ISREG(mode):
            self.file(name, status, source, aim)
        else:
            if stat.S_ISLNK(mode):
                os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=aim)
            else:
                os.mknod(name, mode, status.st_rdev, dir_fd=aim)
            if self.owners:
                os.chown(name, status.st_uid, status.st_gid, dir_fd=aim, follow_symlinks=False)
            if not stat.S_ISLNK(mode):
                os.chmod(name, stat.S_IMODE(mode), dir_fd=aim)
            os.utime(name, ns=(status.st_mtime_ns, status.st_mtime_ns), dir_fd=aim, follow_symlinks=False)

    def file(self, name: bytes, status: os.stat_result, source: int, aim: int) -> None:
        if status.st_nlink > 1:
            # Through a descriptor of its folder's path: the folders between here and there may be closed by now.
            first = self.linked.get((status.st_dev, status.st_ino))
            if first is not None:
                os.link(first, name, dst_dir_fd=aim, follow_symlinks=False)
                return
            self.linked[status.st_dev, status.st_ino] = os.readlink(b"/proc/self/fd/%d" % aim) + b"/" + name
        reads = _reach(name, _READ, source, status.st_mode)
        try:
            writes = os.open(name, _NEW, 0o600, dir_fd=aim)
            try:
                if status.st_size:
                    self.content(reads, writes, status.st_size)
                self.dress(writes, reads, status)
            finally:
                os.close(writes)
        finally:
            os.close(reads)

    def content(self, reads: int, writes: int, size: int) -> None:
        if self.shares:
            try:
                fcntl.ioctl(writes, _CLONE, reads)
            except OSError as error:
                if error.errno not in _NO_CLONE:
                    raise
                self.shares = False
            else:
                return
        while size > 0:
            try:
                done = os.copy_file_range(reads, writes, min(size, _PIECE))
            except OSError as error:
                if error.errno not in _NO_CLONE:
                    raise
                done = os.sendfile(writes, reads, None, min(size, _PIECE))
            if not done:
                return
            size -= done

    def dress(self, aim: int, source: int, status: os.stat_result) -> None:
        # In this order: a new owner takes set-id bits and capabilities away.
        if self.owners:
            os.fchown(aim, status.st_uid, status.st_gid)
        for name in os.listxattr(source):
            try:
                os.setxattr(aim, name, os.getxattr(source, name))
            except OSError:
                continue  # as when it was unpacked: without privileges only some can be set
        os.fchmod(aim, stat.S_IMODE(status.st_mode))
        os.utime(aim, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _reach(name: bytes, flags: int, folder: int, mode: int) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except PermissionError:
        # Ours, but closed to us (mode 000): without capabilities it must be opened up for a moment.
        pinned = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        through = f"/proc/self/fd/{pinned}"
        try:
            os.chmod(through, stat.S_IMODE(mode) | stat.S_IRWXU)
            try:
                return os.open(through, flags & ~os.O_NOFOLLOW)
            finally:
                os.chmod(through, stat.S_IMODE(mode))
        finally:
            os.close(pinned)


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


def scan(folder: Path, root: Path, told: Callable[[Written], Told] | None = None) -> list[Written]:
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
