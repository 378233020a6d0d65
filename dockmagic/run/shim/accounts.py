"""Users and groups as the container's own files name them. Imported by the shim."""

from __future__ import annotations

import os
import stat
from typing import Final, NamedTuple

from dockmagic.oci.ids import is_number, parse_id

__all__ = ["Account", "find"]

# A real one has a few kilobytes; what is larger is an attack on who reads it.
_LIMIT: Final = 1 << 20


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
    number = parse_id(name)
    row = next((r for r in rows if r[0] == name), None)
    if row is None and number is not None:
        row = next((r for r in rows if r[2].lstrip("0") == name.lstrip("0")), None)
    if row is None and number is None:
        raise ValueError(f"unable to find user {name}: no matching entries in passwd file")
    uid, gid, home = (_known(row, 2), _known(row, 3), row[5]) if row else (number or 0, 0, "/")
    member = [_known(r, 2) for r in groups if row is not None and row[0] in r[3].split(",")]
    if colon and group:
        gid, member = _group(group, groups), []
    member += [_group(word, groups) for word in extra or ()]
    return Account(uid, gid, sorted({gid, *member}), home or "/")


def _known(row: list[str], place: int) -> int:
    """A number of a row of an account file."""
    try:
        return parse_id(row[place]) or 0
    except ValueError as error:
        raise ValueError(f"{row[0]} of the image's own files: {error}") from None


def _group(word: str, groups: list[list[str]]) -> int:
    for row in groups:
        if row[0] == word:
            return _known(row, 2)
    number = parse_id(word)
    if number is None:
        raise ValueError(f"unable to find group {word}: no matching entries in group file")
    return number


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
    rows = [line.split(":") for line in data.decode("utf-8", "surrogateescape").split("\n")]
    numbers = (2, 3) if width == 7 else (2,)
    return [r for r in rows if len(r) >= width and all(is_number(r[n]) for n in numbers)]
