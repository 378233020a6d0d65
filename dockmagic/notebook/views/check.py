"""What is odd about a Dockerfile: what ``%build --check`` returns, and a part of what ``%build`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.output.table_output import plain_text
from dockmagic.notebook import html
from dockmagic.notebook.text import count
from dockmagic.notebook.values.output import TextValue
from dockmagic.rows import WarningRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.commands.cmdline.result import Table

__all__ = ["CheckView", "view_of", "warnings_html"]


class CheckView(TextValue):
    """Findings: as docker prints them, and as a table with the line of each and what to write instead.

    Args:
        text: as docker prints them.
        rows: one for each.
        source: of the Dockerfile.
        first_line: its number.
    """

    def __init__(self, text: str, rows: Sequence[WarningRow], source: str, *, first_line: int = 1) -> None:
        super().__init__(text, rows=rows, row_type=WarningRow, shown=WarningRow.shown)
        self._findings = rows
        self._lines = dict(enumerate(source.splitlines(), first_line))

    def _repr_html_(self) -> str:
        return html.join(html.div(html.bold(count(len(self._findings), "warning"))), self._table())

    def _table(self) -> html.Markup:
        rows = (
            (
                str(one.line or ""),
                html.code(self._lines.get(one.line or 0, "").strip()),
                html.code(one.rule, title=one.url),
                html.text(one.message),
                html.text(one.fix),
            )
            for one in self._findings
        )
        return html.table(rows, header=("Line", "Dockerfile", "Rule", "What", "Fix"), numbers=(0,))


def warnings_html(found: Sequence[WarningRow]) -> html.Markup:
    """Findings below the steps of a build; nothing for none."""
    if not found:
        return html.NOTHING
    rows = ((str(one.line or ""), html.code(one.rule), html.text(one.message), html.text(one.fix)) for one in found)
    table = html.table(rows, header=("Line", "Rule", "What", "Fix"), numbers=(0,))
    return html.details(html.bold(count(len(found), "warning")), table, opened=True)


def view_of(table: Table) -> CheckView | None:
    """The view of a verb's table; see `by_row_type`."""
    subject: Any = table.subject
    rows: Any = table.rows
    return CheckView(plain_text(table), rows, subject.source, first_line=subject.first_line) if rows else None
