"""Small tables and readings that the Dockerfile language takes from Go: white space, truth, numbers, durations."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["SPACE", "parse_bool", "parse_duration", "parse_number", "parse_size"]

#: Go's `unicode.IsSpace`; Python's own notion adds the separators U+001C to U+001F.
SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_INT64: Final = 2**63 - 1
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_UNITS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_DURATION: Final = re.compile(r"[-+]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_PART: Final = re.compile(r"([0-9]*)\.?([0-9]*)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)(?:i?b)?", re.ASCII | re.IGNORECASE)


def parse_bool(text: str) -> bool:
    """Go's `strconv.ParseBool`.

    Raises:
        ValueError: neither true nor false.
    """
    if text not in _TRUE and text not in _FALSE:
        raise ValueError(text)
    return text in _TRUE


def parse_number(text: str, *, most: int, base: int = 10) -> int:
    """A number without a sign, in decimal or octal digits.

    Raises:
        ValueError: not of that form, or more than `most`.
    """
    digits = text.lstrip("0")
    if not text or text.strip("0123456789"[:base]) or len(digits) > 25:  # int() refuses thousands of digits
        raise ValueError(text)
    number = int(text, base) if digits else 0
    if number > most:
        raise ValueError(text)
    return number


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as ``1m30s`` or ``1.5h`` (`time.ParseDuration`).

    Raises:
        ValueError: not of that form.
    """
    if _DURATION.fullmatch(text) is None:
        raise ValueError(text)
    total = 0
    for whole, fraction, unit in _PART.findall(text):
        total += int(whole or "0") * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    if total > _INT64:
        raise ValueError(text)
    return -total if text[0] == "-" else total


def parse_size(text: str) -> int:
    """Bytes of a size such as ``512m`` or ``1.5GiB``, in powers of 1024 (go-units' `RAMInBytes`).

    Raises:
        ValueError: not of that form.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    power = " kmgtp".index(match[2].lower() or " ")
    size = float(match[1]) * 1024**power
    if size > _INT64:
        raise ValueError(text)
    return int(size)
