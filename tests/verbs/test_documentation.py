"""docs/verbs.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dockmagic import rows
from dockmagic.commands.cmdline.help_text import help_text
from dockmagic.commands.cmdline.table import ALIASES, VERBS, load

PAGE = Path(__file__).parents[2] / "docs" / "verbs.md"


def sections() -> dict[str, str]:
    """The page's sections by their titles."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_no_sentence_ends_twice() -> None:
    """In no page, and in no help text."""
    texts = {path.name: path.read_text() for path in PAGE.parent.glob("*.md")}
    texts |= {name: help_text(load(name), name) for name in VERBS}
    found = [
        (name, line) for name, text in texts.items() for line in text.splitlines() if re.search(r"\w\.\.( |$)", line)
    ]
    assert not found


def test_every_verb_has_a_section_in_the_order_of_help() -> None:
    """And nothing else has one."""
    assert list(sections()) == list(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_a_section_gives_usage_result_columns_and_aliases(name: str) -> None:
    """Return type and columns are those of the code; the columns shown by default are bold."""
    verb, text = load(name), sections()[name]
    assert f"`{f'{name} {verb.usage}'.strip()}`" in text
    for alias, target in ALIASES.items():
        assert (f"`{alias}`" in text) is (target == name), alias
    if not verb.returns.endswith("Row"):
        assert f"Returns *{verb.returns}*." in text
        return
    row_type = getattr(rows, verb.returns)
    listed = re.search(rf"Returns `{verb.returns}`: ((?:.|\n)+?)\.\n", text)
    assert listed is not None
    names = [(word.strip("*").strip("`"), word.startswith("**")) for word in re.split(r",\s+", listed[1])]
    assert names == [(column.name, column.name in row_type.shown) for column in row_type.table_columns]


@pytest.mark.parametrize(
    "name",
    [
        "ArgumentRow", "DifferenceRow", "PackageChangeRow", "PlanRow", "PlatformRow", "ReasonRow", "StepRow",
        "TargetRow", "TransferRow", "TreeRow", "UnstableRow", "WarningRow", "WrittenRow",
    ],
)  # fmt: skip
def test_rows_of_single_flags_are_described_too(name: str) -> None:
    """With all their columns."""
    listed = re.search(rf"`{name}`\s+\(([^)]+)\)", PAGE.read_text())
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == [column.name for column in getattr(rows, name).table_columns]


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_are_those_of_help(name: str) -> None:
    """A reader of either sees the same."""
    for line, about in load(name).examples:
        assert re.search(rf"^\$ dockmagic {re.escape(line)} +# {re.escape(about)}$", sections()[name], re.MULTILINE)


def test_every_column_is_named_after_its_attribute() -> None:
    """So that the name in a template, a frame and JSON is the same; only an age is another view of a date."""
    for name in rows.__all__:
        row_type = getattr(rows, name)
        if isinstance(row_type, type) and issubclass(row_type, rows.Row) and row_type is not rows.Row:
            encoded = dict(zip(row_type.__struct_fields__, row_type.__struct_encode_fields__, strict=True))
            for column in row_type.table_columns:
                if column.kind not in ("since", "dated"):
                    assert encoded[column.attribute] == column.name
            assert {column.attribute for column in row_type.table_columns} == set(encoded)
