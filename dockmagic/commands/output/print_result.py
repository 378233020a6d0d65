"""A result as docker's command line prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.commands.cmdline.result import (
    Built,
    Content,
    Document,
    Lines,
    Picture,
    Ran,
    Serving,
    Table,
    Text,
    Transferred,
)
from dockmagic.oci.spec import to_json

from .table_output import plain_text

if TYPE_CHECKING:
    from dockmagic.commands.cmdline.result import Result

__all__ = ["printed"]


def printed(result: Result) -> str | bytes:
    """Whole lines, or a file's bytes; empty if there is nothing to say."""
    if isinstance(result, Content):
        return result.data
    if isinstance(result, Text) and result.rendered:
        return f"{result.text}\n"
    text = _text(result)
    return f"{text}\n" if text else ""


def _text(result: Result) -> str:  # noqa: PLR0911  (one case for each kind of result)
    """Text without a line end at its end."""
    if isinstance(result, Text):
        return result.text.removesuffix("\n")
    if isinstance(result, Table):
        return plain_text(result)
    if isinstance(result, Document):
        return result.text or msgspec.json.format(to_json(result.data), indent=4).decode()
    if isinstance(result, Built):
        return plain_text(result.explanation) if result.explanation else "\n".join(result.lines)
    if isinstance(result, Picture):
        return result.chart.alt
    if isinstance(result, (Lines, Ran, Serving, Transferred)):
        return "\n".join(result.lines)
    return ""
