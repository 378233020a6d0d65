"""Members of a JSON document that may be anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .reader import Unreadable, whole

if TYPE_CHECKING:
    from .reader import FileContent

__all__ = ["document", "member"]


def document(content: FileContent) -> dict[str, Any]:
    """The object that a file holds.

    Raises:
        Unreadable: it is not JSON, or no object.
    """
    try:
        found = msgspec.json.decode(whole(content).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unreadable("it is JSON, but no object")
    return found


def member(found: dict[str, Any], name: str) -> str:
    """A member that is a text; empty for anything else."""
    value = found.get(name)
    return value if isinstance(value, str) else ""
