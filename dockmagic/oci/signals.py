"""Signals by the names and numbers that docker knows (moby/sys, signal): those of Linux, whatever this machine runs."""

from __future__ import annotations

import re
from typing import Final

from .errors import InvalidInput

__all__ = ["parse_signal", "signal_name"]

_NAMES: Final = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
)  # fmt: skip
_NUMBERS: Final = {name: number for number, name in enumerate(_NAMES, 1)} | {"IOT": 6, "CLD": 17, "POLL": 29}
# The C library keeps the first two for itself.
_RTMIN: Final = 34
_RTMAX: Final = 64
_REAL_TIME: Final = re.compile(r"RT(?:MIN(?:\+(\d{1,2}))?|MAX(?:-(\d{1,2}))?)", re.ASCII)


def parse_signal(text: str) -> int:
    """The number of ``TERM``, ``SIGTERM``, ``15``, ``SIGRTMIN+3`` or ``RTMAX-1``, in any letter case.

    Raises:
        InvalidInput: no such signal.
    """
    name = text.upper().removeprefix("SIG")
    number = 0
    if name.isascii() and text.isdigit() and len(text) <= 2:
        number = int(text)
    elif match := _REAL_TIME.fullmatch(name):
        number = _RTMAX - int(match[2] or 0) if name.startswith("RTMAX") else _RTMIN + int(match[1] or 0)
        number = number if number >= _RTMIN else 0
    else:
        number = _NUMBERS.get(name, 0)
    if not 1 <= number <= _RTMAX:
        raise InvalidInput(f"there is no signal {text!r}", hint="Write for example SIGTERM, SIGRTMIN+3 or 15")
    return number


def signal_name(number: int) -> str:
    """``SIGTERM`` for 15, ``SIGRTMIN+3`` for 37; the number itself for what has no name."""
    if 1 <= number <= len(_NAMES):
        return f"SIG{_NAMES[number - 1]}"
    if _RTMIN <= number <= _RTMAX:
        return f"SIGRTMIN+{number - _RTMIN}" if number > _RTMIN else "SIGRTMIN"
    return str(number)
