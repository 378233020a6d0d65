"""What an image has at a volume's path, into the volume when it is first mounted there. Imported by the shim."""

from __future__ import annotations

import os
import stat

__all__ = ["fill"]

_PIECE = 1 << 20


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
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=aim)
    elif stat.S_ISREG(mode):
        reads = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
        writes = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=aim)
        while data := os.read(reads, _PIECE):
            left = memoryview(data)
            while left:
                left = left[os.write(writes, left) :]
        os.close(reads)
        os.close(writes)
    elif stat.S_ISFIFO(mode):
        os.mkfifo(name, 0o600, dir_fd=aim)
    else:
        return  # devices and sockets are no data
    os.chown(name, status.st_uid, status.st_gid, dir_fd=aim, follow_symlinks=False)
    if not stat.S_ISLNK(mode):
        os.chmod(name, stat.S_IMODE(mode), dir_fd=aim)
    os.utime(name, ns=(status.st_mtime_ns, status.st_mtime_ns), dir_fd=aim, follow_symlinks=False)
