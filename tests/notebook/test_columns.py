"""Columns that show less than they hold."""

from __future__ import annotations

import pandas as pd
import pytest

from dockmagic.rows.dtypes import ByteCount

A, B, C = ("sha256:" + letter * 64 for letter in "abc")


@pytest.fixture
def table() -> pd.DataFrame:
    """Three images, one of unknown size."""
    return pd.DataFrame(
        {
            "Repository": ["alpine", "busybox", "alpine"],
            "Size": pd.array([1_000_000, None, 1_333_444_555], dtype="size"),
            "ID": pd.array([A, B, C], dtype="digest"),
        }
    )


def test_a_frame_shows_sizes_and_digests_short_and_holds_them_whole(table: pd.DataFrame) -> None:
    """The display is docker's, the data are bytes and digests."""
    assert "1.33GB" in str(table)
    assert "aaaaaaaaaaaa\n" in str(table)
    assert "1.33GB" in table._repr_html_()  # type: ignore[operator]  # pandas' stubs do not know it
    assert table["Size"][2] == 1_333_444_555
    assert table["ID"][0] == A


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table[["Size"]],
        lambda table: table["Size"],
        lambda table: table.rename(columns={"Size": "Bytes"}),
        lambda table: table.sort_values("Size", ascending=False),
        lambda table: table.merge(table[["ID"]], on="ID"),
        lambda table: table.groupby("Repository")["Size"].sum(),
        lambda table: table.groupby("Repository").agg({"Size": "max"}),
        lambda table: table.nlargest(1, "Size"),
        lambda table: table[table["Size"] > 2_000_000],
        lambda table: table["Size"] + 0,
        lambda table: pd.concat([table, table]),
        lambda table: table.pivot_table(index="Repository", values="Size", aggfunc="sum"),
        lambda table: table.set_index("ID").loc[[C]],
    ],
)
def test_sizes_stay_readable_whatever_becomes_of_the_frame(table: pd.DataFrame, change) -> None:  # noqa: ANN001
    """Slices, series, merges, groups and sorted frames keep the column's display."""
    assert "1.33GB" in str(change(table))


def test_a_sum_is_a_number_that_shows_itself_as_a_size(table: pd.DataFrame) -> None:
    """A scalar of the column is an int in every way but its repr."""
    total = table["Size"].sum()
    assert total == 1_334_444_555
    assert repr(total) == "1.33GB"
    assert f"{total}" == "1334444555"
    assert repr(ByteCount(0)) == "0B"


def test_shares_are_plain_numbers(table: pd.DataFrame) -> None:
    """A size divided by a size is no size."""
    share = (table["Size"] / table["Size"].sum()).round(3)
    assert share.dropna().tolist() == [0.001, 0.999]


def test_digests_can_be_searched_and_joined_like_text(table: pd.DataFrame) -> None:
    """``.str``, comparison with a plain string and a merge with a plain column work on whole digests."""
    assert table["ID"].str.startswith("sha256:a").tolist() == [True, False, False]
    assert (table["ID"] == A).tolist() == [True, False, False]
    joined = table.merge(pd.DataFrame({"ID": [A], "Note": ["first"]}), on="ID")
    assert joined["Note"].tolist() == ["first"]


def test_what_leaves_the_frame_is_whole(table: pd.DataFrame) -> None:
    """CSV and records carry integer bytes and whole digests."""
    assert f"alpine,1000000,{A}" in table.to_csv(index=False)
    assert table.to_dict("records")[0] == {"Repository": "alpine", "Size": 1_000_000, "ID": A}


def test_modes_show_as_ls_shows_them() -> None:
    """File type and permission bits stay numbers."""
    modes = pd.Series(pd.array([0o100755, 0o40755], dtype="mode"))
    assert "-rwxr-xr-x" in str(modes)
    assert "drwxr-xr-x" in str(modes)
    assert modes[0] == 0o100755


def test_a_description_of_the_frame_does_not_fail(table: pd.DataFrame) -> None:
    """``describe`` needs quantiles, which numbers have."""
    assert table.describe().loc["max", "Size"] == 1_333_444_555
