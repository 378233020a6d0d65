"""``--chown`` and USER: names looked up in the image's own ``/etc/passwd`` and ``/etc/group``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.oci.errors import InvalidInput

from .layered import read_file

if TYPE_CHECKING:
    from dockmagic.image.image import Image

__all__ = ["ROOT", "Owner", "find_owner"]

# A real one has a few kilobytes.
_LIMIT: Final = 1 << 20


class Owner(NamedTuple):
    """Numbers of an owner."""

    uid: int
    gid: int


ROOT: Final = Owner(0, 0)


def find_owner(image: Image, text: str) -> Owner:
    """What ``USER[:GROUP]`` means in `image`.

    A number alone is the group's, too; a name alone has the group that ``/etc/passwd`` gives it.

    Raises:
        InvalidInput: no such user or group there, or a number that is out of range.
    """
    user, colon, group = text.partition(":")
    owner = ROOT
    if user:
        number = _number(user)
        owner = Owner(number, number) if number is not None else _find_user(image, user)
    if colon and group:
        number = _number(group)
        owner = owner._replace(gid=_find_group(image, group) if number is None else number)
    return owner


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    value = int(text)
    if value >= 1 << 32:
        raise InvalidInput(f"{text} is out of range for a user or group")
    return value


def _find_user(image: Image, name: str) -> Owner:
    for row in _rows(image, "/etc/passwd"):
        if row[0] == name and len(row) > 3 and row[2].isdecimal() and row[3].isdecimal():
            return Owner(int(row[2]), int(row[3]))
    raise InvalidInput(
        f"unable to find user {name}: no matching entries in passwd file",
        hint="Make the user first, such as with RUN useradd, or give its number",
    )


def _find_group(image: Image, name: str) -> int:
    for row in _rows(image, "/etc/group"):
        if row[0] == name and len(row) > 2 and row[2].isdecimal():
            return int(row[2])
    raise InvalidInput(
        f"unable to find group {name}: no matching entries in group file",
        hint="Make the group first, such as with RUN groupadd, or give its number",
    )


def _rows(image: Image, path: str) -> list[list[str]]:
    data = read_file(image, path, limit=_LIMIT) or b""
    return [line.split(":") for line in data.decode("utf-8", "surrogateescape").splitlines()]
