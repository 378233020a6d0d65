"""Numbers of users and groups as text: in USER, ``-u``, ``--group-add``, ``--chown``, mounts and account files."""

from __future__ import annotations

from typing import Final

__all__ = ["HIGHEST", "NOBODY", "is_number", "parse_id"]

#: The highest that docker takes (moby/sys/user).
HIGHEST: Final = (1 << 31) - 1
#: What chown(2) and setresuid(2) take for "leave it as it is": no owner of any file (CVE-2024-40635).
NOBODY: Final = (1 << 32) - 1
_DIGITS: Final = len(str(HIGHEST))


def is_number(text: str) -> bool:
    """Whether it is a number and not a name: ASCII digits."""
    return text.isascii() and text.isdecimal()


def parse_id(text: str) -> int | None:
    """The number that `text` is; None for a name.

    Raises:
        ValueError: a number that no user or group can have; its text is the message.
    """
    if not is_number(text):
        return None
    digits = text.lstrip("0")
    if len(digits) > _DIGITS or int(digits or "0") > HIGHEST:
        shown = text if len(text) <= 2 * _DIGITS else f"of {len(text)} digits"
        raise ValueError(f"the id {shown} is out of range: uids and gids must be in range 0-{HIGHEST}")
    return int(digits or "0")
