"""Users and groups as the container's own files name them. Imported by the shim."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

__all__ = ["Account", "find"]

# A real one has a few kilobytes; what is larger is an attack on who reads it.
_LIMIT = 1 << 20


class Account(NamedTuple):
    """Whom a process runs as."""

    uid: int
    gid: int
    groups: list[int]
    home: str


def find(user: str, extra: list[str] | None = None, root: str = "") -> Account:
    """The account that docker's ``-u`` means: ``NAME``, ``UID``, ``NAME:GROUP``, ``UID:GID``; empty for root.

    Args:
        user: as written.
        extra: further groups, by name or number.
        root: prefix of ``/etc``.

    Raises:
        ValueError: no such user or group, or a file that cannot be trusted; its text is the message.
    """
    name, colon, group = user.partition(":")
    name = name or "0"
    rows = _rows(f"{root}/etc/passwd", 7)
    groups = _rows(f"{root}/etc/group", 4)
    row = next((r for r in rows if r[0] == name), None)
    if row is None and name.isdecimal():
        row = next((r for r in rows if r[2] == name), None)
    if row is None and not name.isdecimal():
        raise ValueError(f"unable to find user {name}: no matching entries in passwd file")
    uid, gid, home = (int(row[2]), int(row[3]), row[5]) if row else (int(name), 0, "/")
    if uid >= 1 << 32 or gid >= 1 << 32:
        raise ValueError(f"the user {name} is out of range")
    member = [int(r[2]) for r in groups if row is not None and row[0] in r[3].split(",")]
    if colon and group:
        gid, member = _group(group, groups), []
    member += [_group(word, groups) for word in extra or ()]
    return Account(uid, gid, sorted({gid, *member}), home or "/")


def _group(word: str, groups: list[list[str]]) -> int:
    for row in groups:
        if row[0] == word:
            return int(row[2])
    if word.isdecimal() and int(word) < 1 << 32:
        return int(word)
    raise ValueError(f"unable to find group {word}: no matching entries in group file")


def _rows(path: str, width: int) -> list[list[str]]:
    try:
        # Without O_NONBLOCK a fifo in the file's place would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path} of the image is not a regular file")
        data = os.read(descriptor, _LIMIT + 1)
    finally:
        os.close(descriptor)
    if len(data) > _LIMIT:
        raise ValueError(f"{path} of the image is larger than {_LIMIT} bytes")
    rows = [line.split(":") for line in data.decode("utf-8", "surrogateescape").splitlines()]
    numbers = (2, 3) if width == 7 else (2,)
    return [r for r in rows if len(r) >= width and all(r[n].isdecimal() for n in numbers)]
