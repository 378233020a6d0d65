"""User and group ids of a user namespace: who writes the map, and who one is inside. Imported by the shim."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Any

from . import kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["become_other", "become_root", "open_own", "outer_namespace", "write"]

_NS_GET_PARENT = 0xB702  # ioctl_ns(2)


def write(pid: int, isolation: dict[str, Any]) -> None:
    """Give the process `pid`, alone in a new user namespace, its maps.

    Raises:
        OSError: the kernel or newuidmap refuses them.
    """
    if isolation["helpers"]:
        # newuidmap has the right to write what /etc/subuid grants (newuidmap(1)).
        children = []
        for helper, rows in zip(isolation["helpers"], (isolation["uid_map"], isolation["gid_map"]), strict=True):
            words = [helper, str(pid), *(str(number) for row in rows for number in row)]
            children.append(os.posix_spawn(helper, words, {}))
        if any(os.waitpid(child, 0)[1] for child in children):
            raise OSError(1, "newuidmap refuses the id map")
        return
    process = os.open(f"/proc/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _write(process, isolation["uid_map"][0], isolation["gid_map"][0])
    finally:
        os.close(process)


def _write(process: int, users: Sequence[int], groups: Sequence[int]) -> None:
    # Without privileges there is one row only, and nobody may drop a group that keeps him from something
    # (user_namespaces(7)). Not by `open`, which may import a codec: from the container's files, once we are inside.
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", " ".join(map(str, users))),
        ("gid_map", " ".join(map(str, groups))),
    ):
        descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=process)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def become_root(*, several: bool) -> None:
    """Be root in the user namespace that was just made or joined; `several`: it has more than one group."""
    os.setresgid(0, 0, 0)
    if several:
        os.setgroups([])
    os.setresuid(0, 0, 0)


def open_own() -> int:
    """A descriptor of /proc/self."""
    return os.open("/proc/self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def become_other(uid: int, gid: int, process: int) -> None:
    """Be this user where there is only root: in a user namespace of one's own, in which root has that number.

    Args:
        uid: user.
        gid: group.
        process: descriptor of /proc/self; in the container's own /proc a program that is still to join it is not.
    """
    kernel.unshare(kernel.CLONE_NEWUSER)
    _write(process, (uid, 0, 1), (gid, 0, 1))


def outer_namespace(pid: int) -> int:
    """A descriptor of the user namespace that a container's process was started in, before any `become_other`."""
    own = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    with open(f"/proc/{pid}/uid_map", encoding="utf-8") as file:
        if file.read().split()[0] == "0":
            return own
    try:
        return fcntl.ioctl(own, _NS_GET_PARENT)
    finally:
        os.close(own)
