"""Rows into a result, as ``--format``, ``-q`` and ``--no-trunc`` ask."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from dockmagic.commands.cmdline.result import Table, Text
from dockmagic.oci.spec import to_json
from dockmagic.rows import ContainerRow, ImageRow, TreeRow, columns

from .format import human_size, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.commands.template import TemplateStruct
    from dockmagic.rows import Column, Row

__all__ = ["grid", "listing", "plain_text", "record"]

_GAP = 3
_MINIMUM = 10


def listing(
    rows: Sequence[Row],
    row_type: type[Row],
    *,
    shown: tuple[str, ...] | None = None,
    form: str | None = None,
    whole: bool = False,
    quiet: str = "",
    subject: object = None,
    notes: tuple[str, ...] = (),
) -> Table | Text:
    """What a listing verb returns.

    Args:
        rows: what it found.
        row_type: their class.
        shown: names of the columns; None for those of the row type.
        form: ``--format``: ``json``, ``table``, ``table TEMPLATE`` or a Go template; None for the usual table.
        whole: ``--no-trunc``.
        quiet: ``-q``: the column that stays alone, empty for all.
        subject: the object that the rows describe.
        notes: lines under the table.

    Raises:
        InvalidInput: the template is none, or asks for a column that is not there.
    """
    if form and form not in ("table", "json"):
        is_table = form.startswith(("table ", "table\\t", "table{"))
        text = _formatted(rows, row_type, form, is_table=is_table, whole=whole)
        return Text(text, rendered=is_table or bool(rows))
    if form == "json":
        return Text("\n".join(to_json(_typed(row, row_type)).decode() for row in rows))
    names = shown if shown is not None else row_type.shown
    if quiet:
        (column,) = columns(row_type, (quiet,))
        return Text("\n".join(show(column, getattr(row, column.attribute), whole=whole) for row in rows))
    return Table(tuple(rows), row_type, names, subject=subject, notes=notes, whole=whole)


def record(row: Row, row_type: type[Row], *, whole: bool = False) -> TemplateStruct:
    """A row as templates see it: column name → what is printed, with the value behind it.

    ``{{json .}}`` gives what is printed, as docker does, where scripts expect texts.
    """
    from dockmagic.commands.template import TemplateStruct

    values = [(column, getattr(row, column.attribute)) for column in row_type.table_columns]
    texts = {column.name: show(column, value, whole=whole) for column, value in values}
    if "VirtualSize" in texts and isinstance(row, ContainerRow) and row.virtual_size is not None:
        texts["Size"] += f" (virtual {human_size(row.virtual_size)})"
    shown = TemplateStruct((column.name, _cell(column, value, texts[column.name])) for column, value in values)
    more = dict(row_type.constants)
    if isinstance(row, ImageRow):
        more["VirtualSize"] = human_size(row.size, 4)
    shown |= more
    shown.texts = texts | more
    if "Labels" in shown:
        labels = dict(label.partition("=")[::2] for label in getattr(row, "labels", ()))
        shown.methods = {"Label": lambda key: labels.get(key, "")}
    return shown


def _cell(column: Column, value: Any, text: str) -> Any:
    if column.kind in ("count", "flag") and value is not None:
        return value
    from dockmagic.commands.template import Shown

    return Shown(text, value)


def _typed(row: Row, row_type: type[Row]) -> dict[str, Any]:
    values = {column.name: (column, getattr(row, column.attribute)) for column in row_type.table_columns}
    # An age is a matter of the reader's clock: there is the date beside it.
    return {
        name: show(column, value) if column.kind in ("since", "dated") else value
        for name, (column, value) in values.items()
    }


def _formatted(rows: Sequence[Row], row_type: type[Row], form: str, *, is_table: bool, whole: bool) -> str:
    from dockmagic.commands.template import HEADER_FUNCTIONS, TemplateStruct, parse, render

    source = form.removeprefix("table") if is_table else form
    template = parse(source.strip(" ").replace("\\t", "\t").replace("\\n", "\n"))
    lines = [render(template, record(row, row_type, whole=whole)) for row in rows]
    if not is_table:
        return "\n".join(lines)
    headers = TemplateStruct((column.name, column.header) for column in row_type.table_columns)
    headers.methods = {"Label": lambda key: key}
    return grid([line.split("\t") for line in [render(template, headers, HEADER_FUNCTIONS), *lines]])


def grid(lines: Sequence[Sequence[str]]) -> str:
    """Cells in columns as docker sets them: at least ten characters wide, three spaces between."""
    *first, last = zip_longest(*lines, fillvalue="")  # a template's lines need not have the same number of tabs
    padded = [_padded(column, max(_MINIMUM, *(len(cell) + _GAP for cell in column))) for column in first]
    return "\n".join(map("".join, zip(*padded, last, strict=True)))


def _padded(column: Sequence[str], width: int) -> list[str]:
    return [cell.ljust(width) for cell in column]


def _cells(column: Column, rows: Sequence[Row], *, whole: bool) -> list[str]:
    """A column as text; what comes again and again, as modes and owners do, is put into words once."""
    known: dict[object, str] = {}
    cells = []
    for row in rows:
        value = getattr(row, column.attribute)
        cell = known.get(value)
        if cell is None:
            cell = known[value] = show(column, value, whole=whole)
        cells.append(cell)
    return cells


def _branches(depths: Sequence[int]) -> list[str]:
    """What is drawn before each line of a tree whose lines have these depths, as ``tree`` draws it."""
    branches: list[str] = []
    going_on: dict[int, bool] = {}  # from the last line up: whether a branch of that depth continues below
    for depth in reversed(depths):
        stems = "".join("│  " if going_on.get(level) else "   " for level in range(1, depth))
        branches.append(stems + ("├─ " if going_on.get(depth) else "└─ ") if depth else "")
        going_on = {level: on for level, on in going_on.items() if level <= depth} | {depth: True}
    return branches[::-1]


def plain_text(table: Table) -> str:
    """A table as docker prints it, with its notes; no line end at the end."""
    if table.lines is not None:
        return "\n".join((*table.lines, *table.notes))
    chosen = columns(table.row_type, table.shown)
    cells = [_cells(column, table.rows, whole=table.whole) for column in chosen]
    if table.row_type is TreeRow:
        depths = [row.depth for row in table.rows if isinstance(row, TreeRow)]
        cells[0] = [branch + cell for branch, cell in zip(_branches(depths), cells[0], strict=True)]
    text = grid([[column.header for column in chosen], *zip(*cells, strict=True)])
    return "\n".join((text, *(("", *table.notes) if table.notes else ())))
