"""Places in a container's copy where something else lies while its program runs: what mounts are elsewhere.

Imported by the shim and by builds, for containers in a chroot.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.linux import kernel

from . import rootfs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Spot", "Spots"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Spot(NamedTuple):
    """A name that is free for something.

    Attributes:
        folder: descriptor of the folder that it is in; it stays that one whatever the program renames.
        name: in it.
        hidden: what the image has there, as it is called meanwhile; empty for nothing.
    """

    folder: int
    name: str
    hidden: str


class Spots:
    """The places of one container.

    Args:
        folder: of the container.
        aside: name of the folder in it that takes what is hidden meanwhile.
    """

    def __init__(self, folder: str, aside: str) -> None:
        self._root = os.open(f"{folder}/merged", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        os.makedirs(f"{folder}/{aside}", 0o700, exist_ok=True)
        self._aside = os.open(f"{folder}/{aside}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._created: list[str] = []
        self.taken: list[Spot] = []

    def take(self, path: str, *, folder: bool) -> Spot:
        """Free the place at `path`: what is there is hidden, what leads there is made; links stay inside the root.

        Raises:
            ValueError: there can be no such place, says why.
        """
        known = len(self._created)
        found = rootfs.target(self._root, path, self._created, folder=folder)
        try:
            top = os.readlink(f"/proc/self/fd/{self._root}")
            above, _, name = os.readlink(f"/proc/self/fd/{found}").rpartition("/")
            if not name or not (above + "/").startswith(top + "/"):
                raise ValueError(f"{path} of the image cannot be mounted over: it is the root")
            if stat.S_ISDIR(os.fstat(found).st_mode) is not folder:
                kind = ("a folder", "a file") if folder else ("a file", "a folder")
                raise ValueError(f"{path} of the image cannot be mounted over: {kind[0]} is to lie on {kind[1]}")
        finally:
            os.close(found)
        where = os.path.relpath(above, top)
        parent = kernel.open_in_root(self._root, where, _FOLDER)
        before = os.fstat(parent)
        hidden = ""
        if len(self._created) > known and self._created[-1] == os.path.normpath(f"{where}/{name}"):
            self._created.pop()
            (os.rmdir if folder else os.unlink)(name, dir_fd=parent)
        else:
            hidden = str(len(self.taken))
            os.rename(name, hidden, src_dir_fd=parent, dst_dir_fd=self._aside)
        _touch(parent, before)
        spot = Spot(parent, name, hidden)
        self.taken.append(spot)
        return spot

    def give_back(self, remove: Callable[[Spot], None]) -> None:
        """Let everything be as it was: `remove` takes away what lies at each place, the innermost first."""
        for spot in reversed(self.taken):
            before = os.fstat(spot.folder)
            remove(spot)
            if spot.hidden:
                try:
                    os.rename(spot.hidden, spot.name, src_dir_fd=self._aside, dst_dir_fd=spot.folder)
                except OSError:
                    pass  # the program has put something else there
            _touch(spot.folder, before)
            os.close(spot.folder)
        self.taken.clear()
        for path in reversed(self._created):
            above, _, name = path.rpartition("/")
            try:
                parent = kernel.open_in_root(self._root, above or "/", _FOLDER)
            except OSError:
                continue
            before = os.fstat(parent)
            try:
                os.rmdir(name, dir_fd=parent)
                _touch(parent, before)
            except OSError:
                pass  # the program uses it
            finally:
                os.close(parent)
        self._created.clear()
        os.close(self._root)
        os.close(self._aside)


def _touch(folder: int, before: os.stat_result) -> None:
    """That we needed a place is no change of the container's."""
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))
