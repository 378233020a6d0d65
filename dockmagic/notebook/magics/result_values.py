"""From a verb's result to the value of a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.cmdline.result import (
    Built,
    Content,
    Document,
    Lines,
    Nothing,
    Picture,
    Ran,
    Serving,
    Table,
    Text,
    Transferred,
)
from dockmagic.commands.output.table_output import plain_text
from dockmagic.notebook.values.output import Data, ImageList, TextValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.commands.cmdline.result import Result

__all__ = ["present"]


def present(result: Result, outputs: Mapping[int, Sequence[str]] | None = None) -> Any:  # noqa: C901, PLR0911  (one case for each kind of result)
    """What a magic returns for `result`: a frame, a view, an image, text or data.

    Args:
        result: of a verb.
        outputs: what the programs of a build's steps wrote, by the steps' numbers.
    """
    match result:
        case Table():
            return _table(result)
        case Text(text):
            return TextValue(text)
        case Lines(lines):
            return TextValue("\n".join(lines)) if lines else None
        case Document(data, text, errors=errors):
            return Data(data, text) if data or not errors else None
        case Content(data):
            return TextValue(data.decode("utf-8", "replace").removesuffix("\n"), data)
        case Transferred(images, lines=lines):
            if not images:
                return TextValue("\n".join(lines))
            return images[0] if len(images) == 1 else ImageList(images)
        case Ran(stdout=stdout):
            return TextValue(stdout.decode("utf-8", "replace").removesuffix("\n"), stdout)
        case Built(build, explanation, lines):
            from dockmagic.notebook.views.build import BuildView

            return (
                TextValue("\n".join(lines)) if lines else BuildView(build, outputs or {}, explained=bool(explanation))
            )
        case Picture(chart):
            return chart
        case Serving(server):
            return server
        case Nothing():
            return None


def _table(table: Table) -> Any:
    from dockmagic.notebook.views.by_row_type import view_of
    from dockmagic.rows import ArgumentRow, TargetRow, TreeRow

    view = view_of(table)
    if view is not None:
        return view
    told = table.lines is not None and table.row_type not in (ArgumentRow, TargetRow)  # a frame says more of these
    if told or table.row_type is TreeRow:
        return TextValue(plain_text(table), rows=table.rows, row_type=table.row_type, shown=table.shown)
    from dockmagic.rows.frame import frame

    return frame(table.rows, table.row_type, table.shown, whole=table.whole)
