"""The folder of a container, in the hands of its shim: its state, its socket, and its end. Imported by the shim."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from dockmagic.snapshot.mountpoints import remember

__all__ = ["Folder"]

_NOTE = 4096  # more than a state takes


class Folder:
    """The folder of a container that runs."""

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def was_left(self) -> bool:
        """Whether who kept it before was killed: it noted no end."""
        try:
            with open(f"{self.path}/state.json", encoding="utf-8") as file:
                return "finished" not in json.load(file)
        except FileNotFoundError:
            return False

    def note(self, **state: Any) -> None:
        """Write down how the container goes: all of it or nothing."""
        path = f"{self.path}/state.json"
        with open(os.open(path + ".new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="utf-8") as file:
            json.dump(state, file)
            file.truncate()
        os.rename(path + ".new", path)

    def reserve(self) -> None:
        """Take the room for the last `note` now: the program may fill the disk."""
        descriptor = os.open(f"{self.path}/state.json.new", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(descriptor, 0, _NOTE)
        os.close(descriptor)

    def remember(self, created: list[str]) -> None:
        """Write down which mount points were made for it, as far as they were not there."""
        remember(self.path, created)

    def listen(self) -> socket.socket:
        """Take connections here from now on."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A short relative name: a socket's path has 107 bytes at most, and a home may lie deep.
        os.chdir(self.path)
        try:
            os.unlink("socket")
        except FileNotFoundError:
            pass
        old = os.umask(0o077)
        listener.bind("socket")
        os.umask(old)
        listener.listen(64)
        os.chdir("/")
        return listener

    @property
    def grave(self) -> str:
        """What `bury` calls it."""
        folder, _, name = self.path.rpartition("/")
        return f"{folder}/.gone-{name}"

    def bury(self) -> None:
        """Let the container be gone for everybody; what is left of it can be deleted later."""
        try:
            os.rename(self.path, self.grave)
        except OSError:
            pass  # somebody else removed it
