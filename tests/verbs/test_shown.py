"""How values are printed. Sizes and ages are those of docker's go-units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dockmagic.commands.output.format import age, date, duration, human_size, short_id, shorten, show
from dockmagic.oci.times import parse_time
from dockmagic.rows import Column, HistoryRow, ImageRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (1024, "1.02kB"),
        (999_499, "999kB"),
        (999_999, "1MB"),
        (4_261_502, "4.26MB"),
        (79_600_000, "79.6MB"),
        (188_000_000, "188MB"),
        (1_330_000_000, "1.33GB"),
        (2_500_000_000_000, "2.5TB"),
    ],
)
def test_sizes_have_three_digits_and_decimal_units(size: int, text: str) -> None:
    """As in the SIZE column of docker images."""
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (59 * 60, "59 minutes"),
        (60 * 60, "About an hour"),
        (89 * 60, "About an hour"),
        (90 * 60, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (13 * 86400, "13 days"),
        (14 * 86400, "2 weeks"),
        (59 * 86400, "8 weeks"),
        (60 * 86400, "2 months"),
        (729 * 86400, "24 months"),
        (730 * 86400, "2 years"),
        (4000 * 86400, "10 years"),
    ],
)
def test_lengths_of_time_are_dockers_words(seconds: float, text: str) -> None:
    """The borders between the units are go-units' own."""
    assert duration(seconds) == text


def test_ages_end_with_ago() -> None:
    """As in the CREATED column."""
    assert age(NOW - timedelta(weeks=3), NOW) == "3 weeks ago"


_OLD = {
    datetime(1980, 1, 1, 0, 0, 1, tzinfo=UTC): ("years ago", "1980-01-01 00:00:01 +0000 UTC", "1980-01-01T00:00:01Z"),
    datetime(1970, 1, 1, tzinfo=UTC): ("years ago", "1970-01-01 00:00:00 +0000 UTC", "1970-01-01T00:00:00Z"),
    None: ("", "0001-01-01 00:00:00 +0000 UTC", "0001-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("moment", _OLD)
def test_the_date_of_a_reproducible_build_is_told_in_dockers_words(moment: datetime | None) -> None:
    """Docker 20.10's ``images`` tells any age and nothing for no date; its ``history`` has no old ages."""
    ago, at, stamp = _OLD[moment]
    image = {column.name: show(column, moment) for column in ImageRow.table_columns if column.attribute == "created_at"}
    step = {
        column.name: show(column, moment) for column in HistoryRow.table_columns if column.attribute == "created_at"
    }
    assert image["CreatedSince"].endswith(ago)
    assert bool(image["CreatedSince"]) == bool(ago)
    assert image["CreatedAt"] == at
    assert step == {"CreatedSince": "N/A", "CreatedAt": stamp}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0001-01-01T00:00:00Z",
        "0001-01-01T05:00:00+05:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "yesterday",
    ],
)
def test_no_date_is_none(text: str) -> None:
    """Go's zero time is no date, either, nor is one that no calendar of Python's has in every zone."""
    assert parse_time(text) is None


def test_an_image_from_the_future_was_made_just_now() -> None:
    """Clocks differ; nothing was made in minus three minutes."""
    assert age(NOW + timedelta(minutes=3), NOW) == "Less than a second ago"


def test_dates_are_printed_as_go_prints_them() -> None:
    """In UTC, so that the text does not depend on the reader's clock."""
    assert date(datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))) == "2024-05-01 10:00:00 +0000 UTC"


def test_ids_are_twelve_digits_and_words_stay() -> None:
    """History has <missing> in the column of IDs."""
    assert short_id("sha256:" + "a" * 64) == "a" * 12
    assert short_id("<missing>") == "<missing>"


def test_long_text_ends_with_an_ellipsis() -> None:
    """At docker's 45 characters, the ellipsis included."""
    assert shorten("x" * 46) == "x" * 44 + "…"
    assert shorten("x" * 45) == "x" * 45


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("size", None, "N/A"),
        ("size", 5, "5B"),
        ("flag", True, "yes"),
        ("ok", True, "[OK]"),
        ("ok", False, ""),
        ("mode", 0o100644, "-rw-r--r--"),
        ("words", ("a", "b"), "a, b"),
        ("count", 3, "3"),
        ("text", "a\tb\nc", "a b c"),
    ],
)
def test_every_kind_of_value_has_its_text(kind: str, value: object, text: str) -> None:
    """A cell is always one line without tabs."""
    assert show(Column("Name", "name", "NAME", kind), value) == text  # type: ignore[arg-type]
