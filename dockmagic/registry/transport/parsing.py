"""What stands in answers, however nonsensical: numbers in headers and documents in bodies."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

__all__ = ["number", "read_json"]

_NUMBER = re.compile(r"[0-9]{1,18}")  # fewer digits than a 64-bit integer can have, so that none overflows anywhere

_T = TypeVar("_T")


def number(text: str) -> int | None:
    """The number that `text` is, None if it is none: ASCII digits, and not more of them than a size can have."""
    text = text.strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def read_json(body: bytes, kind: type[_T]) -> _T | None:
    """The JSON document `body` as a struct, None if it is another one or none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
