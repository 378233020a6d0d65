"""Secrets as files of a container's copy, on the disk, where nothing can be mounted. Imported by the shim.

They are filled by the guard of the program, and emptied by that or by the shim, whichever of the two is left when the
other one is killed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .secretdata import content, give
from .spots import Spots

if TYPE_CHECKING:
    from .spots import Spot

__all__ = ["SecretFiles"]


class SecretFiles:
    """The secrets of a container in a chroot, as files in its copy; empty until `fill`.

    Args:
        spec: of the container.

    Raises:
        ValueError: there can be no file at such a place.
        OSError: the disk is full, or the like.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._files: list[tuple[int, dict[str, Any]]] = []
        mounts = [mount for mount in spec["mounts"] if mount["type"] == "secret"]
        self._spots = Spots(spec["folder"], "hidden-secrets") if mounts else None
        for mount in mounts:
            assert self._spots is not None
            spot = self._spots.take(mount["target"], folder=False)
            # Nobody may have it open for writing while it is run as a program: a heredoc is one.
            flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(spot.name, flags, 0o600, dir_fd=spot.folder)
            give(file, mount)
            self._files.append((file, mount))

    @property
    def descriptors(self) -> list[int]:
        """What `fill` and `wipe` need open."""
        return [file for file, _ in self._files] + ([self._spec["secret_content"]] if self._files else [])

    def fill(self) -> None:
        """Write the contents."""
        for file, mount in self._files:
            with open(f"/proc/self/fd/{file}", "wb", buffering=0) as writes:
                data = memoryview(content(self._spec, mount))
                while data:
                    data = data[writes.write(data) :]

    def wipe(self) -> None:
        """Leave nothing of the contents, wherever the program has moved or linked the files."""
        for file, _ in self._files:
            os.truncate(f"/proc/self/fd/{file}", 0)

    def take_away(self) -> None:
        """The same, and the files are gone."""
        self.wipe()
        if self._spots is None:
            return
        ours = {(status.st_dev, status.st_ino) for status in (os.fstat(file) for file, _ in self._files)}

        def remove(spot: Spot) -> None:
            try:
                status = os.stat(spot.name, dir_fd=spot.folder, follow_symlinks=False)
                if (status.st_dev, status.st_ino) in ours:
                    os.unlink(spot.name, dir_fd=spot.folder)
            except FileNotFoundError:
                pass

        self._spots.give_back(remove)
        self._spots = None
        for file, _ in self._files:
            os.close(file)
        self._files.clear()
