"""Copies of whole trees, with owners, modes, times and attributes.

Never by hard links: a program that appends to a file would write to every container's. Where the file system can share
blocks (btrfs, xfs) the copy takes no room until it is written to.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING, Final

from .changes import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["copy", "copy_open"]

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
