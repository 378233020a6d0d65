"""What an image has at a volume's path, into the volume when it is first mounted there. Imported by the shim."""

from __future__ import annotations

import os
import stat

__all__ = ["fill"]

_PIECE = 1 << 20
_PINNED = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def fill(source: str, aim: str) -> None:
    """Copy the content of the folder `source` into the empty folder `aim`, with the folder's own owner and mode."""
    _copy(os.open(source, os.O_RDONLY | os.O_CLOEXEC), os.open(aim, os.O_RDONLY | os.O_CLOEXEC))


def _copy(source: int, aim: int) -> None:
    try:
        if not stat.S_ISDIR(os.fstat(source).st_mode):
            return
        with os.scandir(source) as found:
            for entry in found:
                _copy_entry(entry.name, entry.stat(follow_symlinks=False), source, aim)
        status = os.fstat(source)
        os.fchown(aim, status.st_uid, status.st_gid)
        os.fchmod(aim, stat.S_IMODE(status.st_mode))
        os.utime(aim, ns=(status.st_mtime_ns, status.st_mtime_ns))
    finally:
        os.close(source)
        os.close(aim)


def _copy_entry(name: str, status: os.stat_result, source: int, aim: int) -> None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        os.mkdir(name, 0o700, dir_fd=aim)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        _copy(os.open(name, flags, dir_fd=source), os.open(name, flags, dir_fd=aim))
        return
    if stat.S_ISREG(mode):
        made = _copy_content(name, source, aim)
    elif stat.S_ISLNK(mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=aim)
        made = os.open(name, _PINNED, dir_fd=aim)
    elif stat.S_ISFIFO(mode):
        os.mkfifo(name, 0o600, dir_fd=aim)
        made = os.open(name, _PINNED, dir_fd=aim)
    else:
        return  # devices and sockets are no data
    try:
        # Another container may have the volume too, and put something else at this name by now.
        if stat.S_IFMT(os.fstat(made).st_mode) != stat.S_IFMT(mode):
            raise ValueError(f"{name} was replaced by a program while a volume was filled")
        through = f"/proc/self/fd/{made}"
        os.chown(through, status.st_uid, status.st_gid)
        if not stat.S_ISLNK(mode):
            os.chmod(through, stat.S_IMODE(mode))
        os.utime(through, ns=(status.st_mtime_ns, status.st_mtime_ns))
    finally:
        os.close(made)


def _copy_content(name: str, source: int, aim: int) -> int:
    """A descriptor of the new file."""
    reads = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
    try:
        writes = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=aim)
        while data := os.read(reads, _PIECE):
            left = memoryview(data)
            while left:
                left = left[os.write(writes, left) :]
        return writes
    finally:
        os.close(reads)
