"""Rows as text: docker's tables, --format, -q."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from dockmagic.commands.cmdline.result import Table, Text
from dockmagic.commands.output.table_output import listing, plain_text
from dockmagic.oci.errors import InvalidInput
from dockmagic.rows import ContainerRow, ImageRow, SearchRow, TreeRow, VolumeRow

if TYPE_CHECKING:
    from dockmagic.rows import Row

ID = "sha256:" + "0123456789abcdef" * 4
ROWS = (
    ImageRow(
        repository="ubuntu",
        tag="24.04",
        id=ID,
        digest="sha256:" + "f" * 64,
        created_at=datetime.now(UTC) - timedelta(weeks=3, minutes=5),
        size=78_129_634,
    ),
    ImageRow(
        repository="registry.example.com/a/long/name", tag="<none>", id=ID, digest="<none>", created_at=None, size=0
    ),
)


def text_of(form: str | None, *, whole: bool = False) -> str:
    """The listing's text, whatever kind of result it is."""
    result = listing(ROWS, ImageRow, form=form, whole=whole)
    return plain_text(result) if isinstance(result, Table) else result.text  # type: ignore[union-attr]


def test_the_usual_table_is_dockers() -> None:
    """Columns as wide as their widest cell and three spaces, ten at least."""
    assert text_of(None).splitlines() == [
        "REPOSITORY                         TAG       IMAGE ID       CREATED       SIZE",
        "ubuntu                             24.04     0123456789ab   3 weeks ago   78.1MB",
        "registry.example.com/a/long/name   <none>    0123456789ab                 0B",
    ]


def test_an_empty_table_has_its_headers() -> None:
    """As docker images prints them in an empty store."""
    result = listing((), ImageRow)
    assert isinstance(result, Table)
    assert plain_text(result) == "REPOSITORY   TAG       IMAGE ID   CREATED   SIZE"


def test_whole_ids_are_printed_with_their_algorithm() -> None:
    """--no-trunc."""
    assert ID in text_of("table {{.ID}}", whole=True)


def test_a_template_is_applied_to_each_row() -> None:
    """Sizes and ages are those of the table."""
    assert text_of("{{.Repository}}:{{.Tag}} {{.Size}} {{.CreatedSince}}").splitlines() == [
        "ubuntu:24.04 78.1MB 3 weeks ago",
        "registry.example.com/a/long/name:<none> 0B ",
    ]


@pytest.mark.parametrize(
    "form", [r"table {{.ID}}\t{{.Tag}}", "table {{.ID}}\t{{.Tag}}", r"table {{.ID}}\t{{upper .Tag}}"]
)
def test_a_table_template_has_headers_and_columns(form: str) -> None:
    """A backslash and t is a tab, as docker reads it; functions leave headers alone."""
    assert text_of(form).splitlines() == [
        "IMAGE ID       TAG",
        "0123456789ab   24.04".upper().replace("AB", "ab"),
        "0123456789ab   <none>".replace("none", "none" if "upper" not in form else "NONE"),
    ]


def test_bare_table_is_the_usual_table() -> None:
    """--format table."""
    assert text_of("table") == text_of(None)


def test_json_has_whole_values_by_column_name() -> None:
    """One object a line; sizes are bytes, IDs whole, dates RFC 3339, so that it can be joined and calculated with."""
    first, second = map(json.loads, text_of("json").splitlines())
    assert first["Size"] == 78_129_634
    assert first["ID"] == ID
    assert first["CreatedSince"] == "3 weeks ago"
    assert datetime.fromisoformat(first["CreatedAt"]) == ROWS[0].created_at
    assert second["CreatedAt"] is None


def test_quiet_prints_one_column() -> None:
    """-q."""
    assert listing(ROWS, ImageRow, quiet="ID") == Text("0123456789ab\n0123456789ab")


def test_an_unknown_column_names_those_that_there_are() -> None:
    """A misspelt field is an input error."""
    with pytest.raises(InvalidInput, match=r"\.Repository"):
        text_of("{{.Repo}}")


def test_docker_search_marks_official_images() -> None:
    """With [OK], and with nothing otherwise; a template can test it."""
    rows = [SearchRow(name="a", description="d", star_count=1, is_official=True)]
    table = listing(rows, SearchRow)
    assert isinstance(table, Table)
    assert plain_text(table).splitlines()[1].split() == ["a", "d", "1", "[OK]"]
    assert listing(rows, SearchRow, form="{{if .IsOfficial}}yes{{end}}") == Text("yes", rendered=True)


def test_headers_keep_the_text_between_the_columns() -> None:
    """As docker prints {{.Repository}}:{{.Tag}}; a function does nothing to a header."""
    assert text_of(r'table {{.Repository}}:{{.Tag}}\t{{printf "%d" .Size}}').splitlines()[0].split() == [
        "REPOSITORY:TAG",
        "SIZE",
    ]


def test_a_tree_is_drawn_with_its_branches() -> None:
    """Whoever stands on an image stands under it, and a branch that goes on is drawn through."""
    depths = (0, 1, 2, 2, 1, 2, 0)
    rows = [
        TreeRow(depth=depth, names=(f"n{place}",), id="sha256:" + "0" * 64, layers=1, size=1, own_size=1, shared_size=0)
        for place, depth in enumerate(depths)
    ]
    lines = plain_text(listing(rows, TreeRow)).splitlines()
    assert [line.split("   000")[0].rstrip() for line in lines[1:]] == [
        "n0", "├─ n1", "│  ├─ n2", "│  └─ n3", "└─ n4", "   └─ n5", "n6",
    ]  # fmt: skip


def test_json_of_the_dot_is_dockers_texts() -> None:
    """Docker 20.10 gives what the columns print, sorted by name; scripts read it so."""
    found = json.loads(text_of("{{json .}}").splitlines()[0])
    assert found == {
        "Containers": "0",
        "CreatedAt": f"{ROWS[0].created_at:%Y-%m-%d %H:%M:%S} +0000 UTC",
        "CreatedSince": "3 weeks ago",
        "Digest": "sha256:" + "f" * 64,
        "ID": "0123456789ab",
        "Platform": "",
        "Repository": "ubuntu",
        "SharedSize": "N/A",
        "Size": "78.1MB",
        "Tag": "24.04",
        "UniqueSize": "N/A",
        "VirtualSize": "78.13MB",
    }
    assert list(found) == sorted(found)


def test_format_json_keeps_typed_values() -> None:
    """Bytes to calculate with, and whole digests."""
    found = json.loads(text_of("json").splitlines()[0])
    assert found["Size"] == 78_129_634
    assert found["ID"] == ID
    assert found["Containers"] == 0


_CONTAINER = ContainerRow(
    id="a" * 64, image="full:1", command="sleep 100", created_at=datetime(2026, 11, 30, 23, 36, 54, tzinfo=UTC),
    state="created", status="Created", names="c1", labels=("x=y", "z=w"), mounts=("0" * 64,), networks=("none",),
    local_volumes=1,
)  # fmt: skip


def _json_of(row: Row) -> dict[str, str]:
    result = listing((row,), type(row), form="{{json .}}")
    assert isinstance(result, Text)
    found: dict[str, str] = json.loads(result.text)
    del found["RunningFor" if "RunningFor" in found else "CreatedAt"]
    return found


def test_json_of_a_container_is_dockers() -> None:
    """All but the age; the platform and the virtual size are our own."""
    expected = {
        "Command": '"sleep 100"', "CreatedAt": "2026-11-30 23:36:54 +0000 UTC", "ID": "a" * 12, "Image": "full:1",
        "Labels": "x=y,z=w", "LocalVolumes": "1", "Mounts": "00000000000000…", "Names": "c1", "Networks": "none",
        "Platform": "", "Ports": "", "Size": "0B", "State": "created", "Status": "Created", "VirtualSize": "N/A",
    }  # fmt: skip
    assert _json_of(_CONTAINER) == expected
    sized = msgspec.structs.replace(_CONTAINER, size=0, virtual_size=1_982_334)
    assert _json_of(sized)["Size"] == "0B (virtual 1.98MB)"


def test_json_of_a_volume_is_dockers() -> None:
    """With the members that only other drivers and swarms fill."""
    row = VolumeRow(name="v1", mountpoint="/m", created_at=datetime(2026, 11, 30, tzinfo=UTC))
    assert _json_of(row) == {
        "Availability": "N/A", "Driver": "local", "Group": "N/A", "Labels": "", "Links": "0", "Mountpoint": "/m",
        "Name": "v1", "Scope": "local", "Size": "N/A", "Status": "N/A",
    }  # fmt: skip
