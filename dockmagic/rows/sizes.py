"""Sizes as text: ``10MB`` as a number of bytes."""

from __future__ import annotations

import re
from typing import Final

from dockmagic.oci.errors import InvalidInput

__all__ = ["bytes_of"]

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?\s*", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def bytes_of(text: str) -> int:
    """How many bytes a size means, as tables show it: ``79.6MB`` counts in thousands, ``79.6MiB`` in 1024s.

    Raises:
        InvalidInput: it is no size.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text[:40]!r} is no size", hint="Write for example 10MB or 1.5GiB")
    number, unit, binary = found.groups()
    scale: int = (1024 if binary else 1000) ** _POWERS[unit.lower()]
    return round(float(number) * scale)
