"""Amounts of memory as docker's flags take them."""

from __future__ import annotations

import re

from dockmagic.oci.errors import InvalidInput

__all__ = ["parse_size"]

_DIGITS = 19  # of 2^63, which no size reaches
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)


def parse_size(text: str, what: str = "size") -> int:
    """``64m``, ``1.5g``, ``1024`` as bytes; the units are powers of 1024 (docker/go-units, RAMInBytes).

    Raises:
        InvalidInput: no such amount.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or len(match[1]) > _DIGITS:
        raise InvalidInput(
            f'invalid argument "{text[:40]}" for {what}: invalid size', hint="Write for example 512m or 2g"
        )
    return int(float(match[1]) * 1024 ** " kmgtp".index(match[2].lower() or " "))
