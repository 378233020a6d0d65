"""The content of secrets, and the owner and mode that a mount asks for. Imported by the shim.

The content comes in a file of memory without a name, whose descriptor goes from who starts the container to its shim:
it lies on no disk, and is gone with the last of the two, however they end.
"""

from __future__ import annotations

import os
from typing import Any

__all__ = ["content", "give"]


def content(spec: dict[str, Any], mount: dict[str, Any]) -> bytes:
    """The bytes of a secret mount."""
    size: int = mount["size"]
    return os.pread(spec["secret_content"], size, mount["offset"]) if size else b""


def give(path: str | int, mount: dict[str, Any]) -> None:
    """Give a file or folder to the owner, and with the mode, that a mount asks for."""
    try:
        os.chown(path, mount.get("uid", 0), mount.get("gid", 0))
    except OSError:
        pass  # where a container has a single user, that one is the owner
    os.chmod(path, mount.get("mode", 0) & 0o7777)
