"""WWW-Authenticate: the challenges by which a registry asks for credentials (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Challenge", "parse_challenges"]

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  (RFC 9110's word for a word)
# Beside tokens and quoted texts, some registries write a realm bare, as the address it is.
_PIECE = re.compile(rf'\s*(?:({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|({_TOKEN}))\s*(,|$|(?=\s))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate.

    Attributes:
        scheme: lower case, such as ``bearer``.
        parameters: such as realm, service and scope; names lower case.
    """

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge in the WWW-Authenticate headers; what cannot be read ends its header."""
    found: list[Challenge] = []
    for header in headers:
        position = 0
        current: Challenge | None = None
        while position < len(header) and (match := _PIECE.match(header, position)):
            name, quoted, bare, scheme = match.group(1, 2, 3, 4)
            if scheme is not None:
                current = Challenge(scheme.lower())
                found.append(current)
            elif current is not None:
                value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                current.parameters.setdefault(name.lower(), value)
            position = match.end()
    return tuple(found)
