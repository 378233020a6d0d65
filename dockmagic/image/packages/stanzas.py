"""Files of stanzas: ``Field: value`` lines, a blank line between stanzas (deb822(5), and Python's metadata)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["stanzas"]


def stanzas(text: str) -> Iterator[dict[str, str]]:
    """The stanzas of a file, each with the first line of every field; names of fields are in lower case.

    Of a field that comes twice the first counts.
    """
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        if not line.strip():
            if fields:
                yield fields
                fields = {}
        elif line[0] not in " \t":
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.lower(), value.strip())
    if fields:
        yield fields
