"""From a verb's result to the value of a cell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dockmagic.commands.cmdline.result import (
    Built,
    Content,
    Document,
    Lines,
    Nothing,
    Ran,
    Serving,
    Table,
    Text,
    Transferred,
)
from dockmagic.commands.output.table_output import plain_text
from dockmagic.notebook.values.output import Data, ImageList, Output

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
            return Output(text)
        case Lines(lines):
            return Output("\n".join(lines)) if lines else None
        case Document(data, text, errors=errors):
            return Data(data, text) if data or not errors else None
        case Content(data):
            return Output(data.decode("utf-8", "replace").removesuffix("\n"), data)
        case Transferred(images, lines=lines):
            if not images:
                return Output("\n".join(lines))
            return images[0] if len(images) == 1 else ImageList(images)
        case Ran(stdout=stdout):
            return Output(stdout.decode("utf-8", "replace").removesuffix("\n"), stdout)
        case Built(build, explanation, lines):
            from dockmagic.notebook.views.build import BuildView

            return Output("\n".join(lines)) if lines else BuildView(build, outputs or {}, explained=bool(explanation))
        case Serving(server):
            return server
        case Nothing():
            return None


def _table(table: Table) -> Any:
    from dockmagic.rows import ArgumentRow, ChangeRow, LayerRow, TargetRow, TreeRow, WarningRow, WrittenRow

    subject: Any = table.subject
    rows: Any = table.rows
    settings: Any = {"row_type": table.row_type, "shown": table.shown}
    if subject is not None and table.row_type is LayerRow:
        from dockmagic.notebook.views.layers import LayersView

        return LayersView(subject, rows, text=partial(plain_text, table), **settings)
    if subject is not None and table.row_type is ChangeRow:
        from dockmagic.notebook.views.diff import DiffView

        return DiffView(subject, rows, text=partial(plain_text, table), **settings)
    if subject is not None and table.row_type is WrittenRow:
        from dockmagic.notebook.views.written import WrittenView

        return WrittenView(subject, rows, text=partial(plain_text, table), **settings)
    if rows and table.row_type is WarningRow:
        from dockmagic.notebook.views.check import CheckView

        return CheckView(plain_text(table), rows, subject.source, first_line=subject.first_line)
    told = table.lines is not None and table.row_type not in (ArgumentRow, TargetRow)  # a frame says more of these
    if told or table.row_type is TreeRow:
        return Output(plain_text(table), rows=table.rows, **settings)
    from dockmagic.rows.frame import frame

    return frame(table.rows, table.row_type, table.shown, whole=table.whole)
