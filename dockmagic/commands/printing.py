"""A result as docker's command line prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.spec import to_json

from .listing import plain_text
from .result import Built, Content, Document, Lines, Ran, Serving, Table, Text, Transferred

if TYPE_CHECKING:
    from .result import Result

__all__ = ["printed"]


def printed(result: Result) -> str | bytes:  # noqa: PLR0911  (one return for each kind of result)
    """Text without a line end at its end, or a file's bytes; empty if there is nothing to say."""
    if isinstance(result, Content):
        return result.data
    if isinstance(result, Text):
        return result.text.removesuffix("\n")
    if isinstance(result, Table):
        return plain_text(result)
    if isinstance(result, Document):
        return result.text or msgspec.json.format(to_json(result.data), indent=4).decode()
    if isinstance(result, Built):
        return plain_text(result.explanation) if result.explanation else "\n".join(result.lines)
    if isinstance(result, (Lines, Ran, Serving, Transferred)):
        return "\n".join(result.lines)
    return ""
