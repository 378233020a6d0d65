"""Views stand in a table by row type; each line of it leads to a module that makes one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from dockmagic.commands.cmdline.result import Table
from dockmagic.notebook import views
from dockmagic.notebook.views.by_row_type import VIEWS, view_of
from dockmagic.rows import ImageRow


@pytest.mark.parametrize("module", VIEWS.values())
def test_a_line_of_the_table_is_a_module_with_a_view(module: str) -> None:
    """So that a missing one shows here, and not in a cell."""
    assert callable(import_module(f"dockmagic.notebook.views.{module}").view_of)


def test_every_module_that_shows_a_table_is_in_it() -> None:
    """None waits in the folder and is never shown."""
    makers = {path.stem for path in Path(views.__path__[0]).glob("*.py") if "\ndef view_of(" in path.read_text()}
    assert makers == {*VIEWS.values(), "by_row_type"}


def test_rows_without_a_view_have_none() -> None:
    """They become a frame."""
    assert view_of(Table((), ImageRow, ImageRow.shown)) is None


@pytest.mark.parametrize("row_type", VIEWS)
def test_a_table_without_its_object_or_rows_has_no_view(row_type: type) -> None:
    """A view asks the object behind the rows when something is clicked."""
    assert view_of(Table((), row_type, row_type.shown)) is None
