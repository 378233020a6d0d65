"""``--chown`` and USER: names looked up in the image's own ``/etc/passwd`` and ``/etc/group``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.builder.sources.image_files import read_file
from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.ids import parse_id
from dockmagic.runtime.init.accounts import LIMIT, parse_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.image import Image

__all__ = ["ROOT", "Owner", "find_owner", "find_user"]


class Owner(NamedTuple):
    """Numbers of an owner."""

    uid: int
    gid: int


ROOT: Final = Owner(0, 0)


def find_owner(image: Image, text: str) -> Owner:
    """What ``USER[:GROUP]`` of ``--chown`` means in `image`.

    A number alone is the group's, too; a name alone has the group that ``/etc/passwd`` gives it.

    Raises:
        InvalidInput: no such user or group there, or a number that is out of range.
    """
    user, _, group = text.partition(":")
    owner = _user(image, user)
    if owner is None:
        raise InvalidInput(
            f"unable to find user {user}: no matching entries in passwd file",
            hint="Make the user first, such as with RUN useradd, or give its number",
        )
    gid = _group(image, group) if group else owner.gid
    if gid is None:
        raise InvalidInput(
            f"unable to find group {group}: no matching entries in group file",
            hint="Make the group first, such as with RUN groupadd, or give its number",
        )
    return owner._replace(gid=gid)


def find_user(image: Image, text: str) -> Owner:
    """What ``USER[:GROUP]`` of an earlier USER means in `image`; root for a name that is not there.

    USER may name somebody who is made later, and BuildKit minds only when a program is run.

    Raises:
        InvalidInput: a number that is out of range.
    """
    user, _, group = text.partition(":")
    owner = _user(image, user) or ROOT
    gid = _group(image, group) if group else None
    return owner if gid is None else owner._replace(gid=gid)


def _number(text: str) -> int | None:
    try:
        return parse_id(text)
    except ValueError as error:
        raise InvalidInput(str(error), hint="Give a number that a user or group can have, or a name") from None


def _user(image: Image, word: str) -> Owner | None:
    number = _number(word)
    if not word or number is not None:
        return Owner(number, number) if number is not None else ROOT
    for row in _rows(image, "/etc/passwd", 7):
        if row[0] == word:
            return Owner(_number(row[2]) or 0, _number(row[3]) or 0)
    return None


def _group(image: Image, word: str) -> int | None:
    number = _number(word)
    if number is not None:
        return number
    for row in _rows(image, "/etc/group", 4):
        if row[0] == word:
            return _number(row[2])
    return None


def _rows(image: Image, path: str, fields: int) -> Iterator[list[str]]:
    return parse_rows(read_file(image, path, limit=LIMIT) or b"", fields)
