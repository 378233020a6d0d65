"""Why the cache had each step of a build, in lines that fit a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from dockmagic.commands.cmdline.result import Table
from dockmagic.engine.step_rows import reason_rows
from dockmagic.rows import ReasonRow

from .format import shorten
from .table_output import grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.builder.outcome.result import Build

__all__ = ["explained"]

# Together with the first two columns and the gaps these are 100 characters.
_INSTRUCTION: Final = 38
_WHY: Final = 39
_VALUE: Final = 33
_MANY: Final = 8  # parts of one step
_INDENT: Final = " " * 10


def explained(build: Build) -> Table:
    """The table of ``build --explain``: as text a line for each step, and below it what differs."""
    rows = tuple(reason_rows(build.steps))
    steps = [list(group) for _, group in groupby(rows, key=lambda row: row.step)]
    steps = [group for group in steps if group[0].why]  # the cache has no say in FROM scratch
    cells = [["STEP", "CACHED", "INSTRUCTION", "WHY"]]
    cells += [
        [str(row.step), "yes" if row.cached else "no", shorten(row.instruction, _INSTRUCTION), shorten(row.why, _WHY)]
        for row, *_ in steps
    ]
    head, *lines = grid(cells).split("\n")
    told = [text for line, parts in zip(lines, steps, strict=True) for text in (line.rstrip(), *_parts(parts))]
    return Table(rows, ReasonRow, ReasonRow.shown, subject=build, lines=(head, *told))


def _parts(rows: list[ReasonRow]) -> Iterator[str]:
    """What differs, as far as the step's own line does not tell it."""
    first = rows[0]
    if not first.part or (len(rows) == 1 and f"{first.old} → {first.new}" in shorten(first.why, _WHY)):
        return
    for row in rows[:_MANY]:
        yield shorten(f"{_INDENT}{row.part}: {_value(row.old)} → {_value(row.new)}", 100)
    if len(rows) > _MANY:
        yield f"{_INDENT}… and {len(rows) - _MANY} more"


def _value(text: str) -> str:
    return shorten(" ".join(text.split()), _VALUE) if text else "none"
