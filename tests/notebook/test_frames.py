"""Rows become frames."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from dockmagic.oci.errors import InvalidInput
from dockmagic.rows import FileRow, ImageRow
from dockmagic.rows.frame import frame

if TYPE_CHECKING:
    import pandas as pd

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


SIZES = frame([ROW, replace(ROW, size=5_000_000), replace(ROW, tag="13", size=15_400_001)], ImageRow)


@pytest.mark.parametrize(
    ("mask", "sizes"),
    [
        (SIZES.Size > "10MB", [79_600_000, 15_400_001]),
        (SIZES.Size >= "5 mb", [79_600_000, 5_000_000, 15_400_001]),
        (SIZES.Size < "15MiB", [5_000_000, 15_400_001]),
        (SIZES.Size == "79.6MB", [79_600_000]),
        (SIZES.Size != "79.6MB", [5_000_000, 15_400_001]),
        (SIZES.Size == "large", []),
    ],
)
def test_sizes_compare_with_what_a_table_shows(mask: pd.Series, sizes: list[int]) -> None:
    """``10MB`` counts in thousands as docker's tables do, ``15MiB`` in 1024s; no size is equal to what is none."""
    assert SIZES[mask].Size.to_list() == sizes


def test_a_size_is_not_ordered_beside_what_is_none() -> None:
    """One line says what to write."""
    with pytest.raises(InvalidInput, match="'large' is no size"):
        SIZES.Size > "large"  # noqa: B015


def test_means_of_sizes_show_as_sizes() -> None:
    """A mean is a float with a unit; grouped ones are a column of sizes. A variance is no number of bytes."""
    mean = SIZES.Size.mean()
    assert mean == pytest.approx(100_000_001 / 3)
    assert repr(mean) == "33.3MB"
    assert repr(SIZES.Size.median()) == "15.4MB"
    assert repr(SIZES.Size.std()).endswith("MB")
    assert not repr(SIZES.Size.var()).endswith("B")
    grouped = SIZES.groupby("Tag").Size.mean()
    assert str(grouped.dtype) == "size"
    assert "42.3MB" in str(grouped)
