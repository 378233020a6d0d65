"""Rows become frames."""

from __future__ import annotations

from datetime import UTC, datetime

from dockmagic.rows import FileRow, ImageRow
from dockmagic.rows.frame import frame

MOMENT = datetime(2024, 5, 1, 10, tzinfo=UTC)
ROW = ImageRow(
    repository="ubuntu",
    tag="12.04",
    id="sha256:" + "1" * 64,
    digest="sha256:" + "2" * 64,
    created_at=MOMENT,
    size=79_600_000,
)


def test_columns_are_those_that_the_verb_shows_under_dockers_names() -> None:
    """An age would change from day to day, so its place is taken by the date."""
    shown = frame([ROW], ImageRow)
    assert list(shown.columns) == ["Repository", "Tag", "ID", "CreatedAt", "Size"]
    assert shown["Size"][0] == 79_600_000
    assert shown["CreatedAt"][0] == MOMENT
    assert shown["CreatedAt"].dt.year[0] == 2024


def test_no_rows_still_have_columns() -> None:
    """An empty store gives an empty frame with its columns and their kinds."""
    shown = frame([], ImageRow)
    assert list(shown.columns) == ["Repository", "Tag", "ID", "CreatedAt", "Size"]
    assert str(shown.dtypes["Size"]) == "size"


def test_ids_are_shown_whole_where_nothing_is_to_be_cut() -> None:
    """``--no-trunc`` shows what the frame holds in any case."""
    assert "1" * 20 not in str(frame([ROW], ImageRow))
    assert frame([ROW], ImageRow)["ID"][0] == ROW.id
    assert frame([ROW], ImageRow, ("ID",), whole=True)["ID"].to_list() == [ROW.id]
    assert str(frame([ROW], ImageRow, ("ID",), whole=True).dtypes["ID"]) == "string"


def test_names_that_are_no_unicode_can_be_shown() -> None:
    """A path of arbitrary bytes (a lone surrogate in Python) is written with its bytes' numbers."""
    row = FileRow(
        mode=0o100644, uid=0, gid=0, size=1, modified_at=None, path="/caf\udce9", kind="file", link="", layer=0
    )
    assert frame([row], FileRow)["Path"][0] == r"/caf\xe9"
    assert "-rw-r--r--" in str(frame([row], FileRow))
