"""Link headers: where a list goes on (RFC 8288; distribution specification, "Listing Tags")."""

from __future__ import annotations

import re

__all__ = ["next_link"]

# An address in angle brackets, or bare up to the first semicolon, as some registries write it; then parameters, whose
# values may be quoted and hold anything.
# No part is tried a second time in another way (*+), so a hostile header costs no more than its length.
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_ESCAPED = re.compile(r"\\.")
_LINK = re.compile(rf'\s*+(?:<([^>]*+)>|([^<>;,\s"]++))\s*+((?:;(?:[^",;]|{_QUOTED})*+)*+)(?:,|$)')
_PARAMETER = re.compile(rf';\s*+([^\s=;,"]++)\s*+(?:=\s*+({_QUOTED}|[^\s;,"]*+))?\s*+(?=;|$)')


def next_link(header: str) -> str | None:
    """The address of the next page, None where the header names none.

    A link that says nothing of its relation is the next page too: registries write no other.

    Raises:
        ValueError: the header cannot be read.
    """
    position = 0
    while position < len(header):
        match = _LINK.match(header, position)
        if match is None or match.end() == position:
            raise ValueError(header)
        position = match.end()
        address, parameters = match[1] if match[1] is not None else match[2], match[3]
        if _ESCAPED.sub("", parameters).count('"') % 2:  # Python before 3.11.5 matches an open quotation (gh-106052)
            raise ValueError(header)
        relations = [
            value.strip('"').lower().split() for name, value in _PARAMETER.findall(parameters) if name.lower() == "rel"
        ]
        if not relations or "next" in relations[0]:
            return address
    return None
