"""A result as docker's command line prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.spec import to_json
from dockmagic.rows import TreeRow

from .listing import grid, plain_text
from .result import Content, Document, Serving, Table, Text, Transferred
from .shown import human_size, short_id

if TYPE_CHECKING:
    from .result import Result

__all__ = ["printed"]


def printed(result: Result) -> str | bytes:
    """Text without a line end at its end, or a file's bytes; empty if there is nothing to say."""
    if isinstance(result, Content):
        return result.data
    if isinstance(result, Text):
        return result.text.removesuffix("\n")
    if isinstance(result, Table):
        return _tree(result) if result.row_type is TreeRow else plain_text(result)
    if isinstance(result, Document):
        return result.text or msgspec.json.format(to_json(result.data), indent=4).decode()
    if isinstance(result, (Serving, Transferred)):
        return "\n".join(result.lines)
    return ""


def _tree(table: Table) -> str:
    rows = [row for row in table.rows if isinstance(row, TreeRow)]
    cells = [["IMAGE", "IMAGE ID", "LAYERS", "SIZE", "ADDED"]]
    for place, row in enumerate(rows):
        last = next((other.depth for other in rows[place + 1 :] if other.depth <= row.depth), -1) < row.depth
        branch = "   " * (row.depth - 1) + ("└─ " if last else "├─ ") if row.depth else ""
        digits = row.id if table.whole else short_id(row.id)
        cells.append(
            [branch + ", ".join(row.names), digits, str(row.layers), human_size(row.size), human_size(row.own_size)]
        )
    return grid(cells)
