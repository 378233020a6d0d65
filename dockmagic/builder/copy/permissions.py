"""``--chmod``: octal, or symbolic as chmod(1) has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Permissions"]

_CLAUSE: Final = re.compile(r"([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)")
_ACTION: Final = re.compile(r"([-+=])([ugo]|[rwxXst]*)")
_OCTAL: Final = re.compile(r"[0-7]+")
_SHIFT: Final = {"u": 6, "g": 3, "o": 0}
_BITS: Final = {"r": 4, "w": 2, "x": 1}
_SET_ID: Final = {"u": 0o4000, "g": 0o2000}
_STICKY: Final = 0o1000
_ALL: Final = 0o7777


class Permissions:
    """A change of modes.

    Args:
        text: as written, such as ``755`` or ``u=rwX,go=rX``.

    Attributes:
        octal: the mode, if it is octal; folders that are made on the way have it too. None otherwise.

    Raises:
        InvalidInput: neither.
    """

    def __init__(self, text: str) -> None:
        self.octal = int(text, 8) if _OCTAL.fullmatch(text) else None
        self._steps: list[Callable[[int, bool], int]] = []
        if self.octal is None:
            self._steps = [step for clause in text.split(",") for step in _read(clause, text)]
        elif self.octal > _ALL:
            raise _invalid(text)

    def __call__(self, mode: int, *, is_dir: bool) -> int:
        """The mode of something that had `mode`."""
        if self.octal is not None:
            return self.octal
        for step in self._steps:
            mode = step(mode, is_dir)
        return mode


def _read(clause: str, text: str) -> list[Callable[[int, bool], int]]:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise _invalid(text)
    # The umask is not asked: a build is the same for everybody.
    who = "ugo" if not match[1] or "a" in match[1] else match[1]
    return [_step(who, sign, what) for sign, what in _ACTION.findall(match[2])]


def _step(who: str, sign: str, what: str) -> Callable[[int, bool], int]:
    def step(mode: int, is_dir: bool) -> int:  # noqa: FBT001 - called in one place
        chosen = mask = 0
        for each in who:
            mask |= 7 << _SHIFT[each] | _SET_ID.get(each, 0)
            chosen |= _bits(mode, what, is_dir=is_dir) << _SHIFT[each]
            if "s" in what:
                chosen |= _SET_ID.get(each, 0)
        if "t" in what:
            chosen |= _STICKY
        if sign == "+":
            return mode | chosen
        if sign == "-":
            return mode & ~chosen
        if is_dir and "s" not in what:
            mask &= 0o777  # as GNU has it: a folder keeps its set-id bits unless they are named
        return mode & ~mask | chosen

    return step


def _bits(mode: int, what: str, *, is_dir: bool) -> int:
    if what and what in _SHIFT:
        return mode >> _SHIFT[what] & 7
    bits = 0
    for letter in what:
        bits |= _BITS.get(letter, 0)
        if letter == "X" and (is_dir or mode & 0o111):
            bits |= 1
    return bits


def _invalid(text: str) -> InvalidInput:
    return InvalidInput(
        f"invalid chmod parameter: {text!r}. it should be octal string and between 0 and 07777",
        hint="Or write something like u=rwX,go=rX",
    )
