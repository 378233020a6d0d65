"""Users and groups as the container's own files name them. Imported by the shim."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.ids import is_number, parse_id

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LIMIT", "Account", "find", "parse_rows"]

#: The files of a company's directory have some megabytes; what is larger is an attack on who reads it.
LIMIT: Final = 1 << 24

_PASSWD: Final = 7  # fields of a row (passwd(5), group(5))
_GROUP: Final = 4


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
    rows = list(parse_rows(_read(f"{root}/etc/passwd"), _PASSWD))
    groups = list(parse_rows(_read(f"{root}/etc/group"), _GROUP))
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


def parse_rows(data: bytes, fields: int) -> Iterator[list[str]]:
    """The rows of a ``passwd`` (7 fields) or ``group`` file (4); fields that are missing at a row's end are empty.

    Blanks around a row are cut off, as runc does, and blank rows are none. One without a number where the number
    belongs is none either, for what runc makes of it is root; a user's group may be missing, and is 0.
    """
    for line in data.decode("utf-8", "surrogateescape").split("\n"):  # at no other character that ends lines in Unicode
        row = line.strip().split(":")
        row += [""] * (fields - len(row))
        if row[0] and is_number(row[2]) and (fields != _PASSWD or not row[3] or is_number(row[3])):
            yield row


def _read(path: str) -> bytes:
    try:
        # Without O_NONBLOCK a fifo in the file's place would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path} of the image is not a regular file")
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        data = b""
        while len(data) <= LIMIT and (more := file.read(LIMIT + 1 - len(data))):
            data += more
    if len(data) > LIMIT:
        raise ValueError(f"{path} of the image is larger than {LIMIT} bytes")
    return data
