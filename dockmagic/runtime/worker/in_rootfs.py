"""Paths as a container's own processes would find them: links never lead out of its root."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Any, Self

from dockmagic.linux import kernel
from dockmagic.oci.errors import InvalidInput, PathNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Rooted", "look_at"]

_HINT = "Look at what is there with `exec NAME ls`"
_HINT_HERE = "Correct the path"


class Rooted:
    """A folder that is a root while the block lasts."""

    def __init__(self, root: str) -> None:
        self.root = root

    def __enter__(self) -> Self:
        self.descriptor = os.open(self.root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def open(self, path: str, *, follow: bool = True) -> int:
        """An O_PATH descriptor of what is there."""
        flags = os.O_PATH | (0 if follow or path.endswith("/") else os.O_NOFOLLOW)
        try:
            return kernel.open_in_root(self.descriptor, path, flags)
        except (FileNotFoundError, NotADirectoryError) as error:
            if isinstance(error, NotADirectoryError) and path.endswith("/"):
                raise InvalidInput(f"{path} is not a directory", hint="Leave the slash away, or correct it") from None
            hint = _HINT_HERE if self.root == "/" else _HINT
            raise PathNotFound(f"{path} is not there", hint=hint) from None

    def is_mounted(self, descriptor: int) -> bool:
        """Whether it lies in something that is mounted over the root's own file system."""
        return _mount_of(descriptor) != _mount_of(self.descriptor)

    def kernels_own(self) -> frozenset[tuple[int, int]]:
        """Device and inode of the folders that the kernel fills while a container runs: its image has them empty."""
        return frozenset((status.st_dev, status.st_ino) for status in self._mounted("dev", "proc", "sys"))

    def shown_by_kernel(self) -> frozenset[int]:
        """Devices of the file systems in which it shows how things are: nothing is kept there."""
        return frozenset(status.st_dev for status in self._mounted("proc", "sys"))

    def _mounted(self, *names: str) -> Iterator[os.stat_result]:
        here = os.fstat(self.descriptor).st_dev
        for name in names:
            with contextlib.suppress(OSError):
                status = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
                if status.st_dev != here:
                    yield status


def _mount_of(descriptor: int) -> str:
    """The number of the mount that it was opened through (proc_pid_fdinfo(5))."""
    with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as lines:
        return next(line for line in lines if line.startswith("mnt_id:"))


def look_at(root: str, path: str) -> dict[str, Any]:
    """What lies at `path`: ``mode`` (st_mode; 0 for nothing), and ``link``, where a link in the last place leads to.

    Args:
        root: of the tree.
        path: inside; links in all but the last place are followed, inside the root only.
    """
    with Rooted(root) as inside:
        try:
            descriptor = inside.open(path, follow=False)
        except PathNotFound:
            return {"mode": 0, "link": ""}
        try:
            mode = os.fstat(descriptor).st_mode
            return {"mode": mode, "link": os.readlink("", dir_fd=descriptor) if stat.S_ISLNK(mode) else ""}
        finally:
            os.close(descriptor)
