"""The table of views: which one shows the rows of a type.

A view is a module of this folder with a function ``view_of(table)``, and a line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from dockmagic.rows import ChangeRow, LayerRow, WarningRow, WrittenRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dockmagic.commands.cmdline.result import Table
    from dockmagic.rows import Row

__all__ = ["VIEWS", "view_of"]

#: Row type → module of this folder; imported when there are such rows to show.
VIEWS: Final[Mapping[type[Row], str]] = {
    ChangeRow: "diff",
    LayerRow: "layers",
    WarningRow: "check",
    WrittenRow: "written",
}


def view_of(table: Table) -> Any:
    """What shows a verb's table; None if its rows have no view, or if it lacks the object that a view would ask."""
    module = VIEWS.get(table.row_type)
    return None if module is None else import_module(f"dockmagic.notebook.views.{module}").view_of(table)
