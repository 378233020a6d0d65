"""From a build to rows: its steps, why the cache had them, what is odd, what two builds do not have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.rows import ReasonRow, StepRow, UnstableRow, WarningRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.builder.outcome.events import BuildWarned
    from dockmagic.builder.outcome.reproduce import BuildDifference
    from dockmagic.builder.outcome.result import StepResult

__all__ = ["FOLLOWING", "reason_rows", "step_rows", "unstable_rows", "warning_rows"]


def step_rows(steps: Iterable[StepResult]) -> tuple[StepRow, ...]:
    """Steps in the order of the Dockerfile."""
    return tuple(
        StepRow(
            step=step.info.number,
            stage=step.info.stage,
            line=step.info.lines[0] or None,
            instruction=step.info.text,
            outcome=step.outcome,
            cached=step.outcome == "cached",
            why=step.why,
            time=step.seconds,
            size=step.size,
            diff_id=step.diff_id or "",
            image_id=step.image.id if step.image else "",
        )
        for step in steps
    )


#: Digests of the state that a step begins with: they follow from changes that are told elsewhere.
FOLLOWING: Final = ("parent", "config")


def reason_rows(steps: Iterable[StepResult]) -> Iterator[ReasonRow]:
    """For each step why the cache had it, or each part that differs from the nearest one that it has."""
    for step in steps:
        own = [row for row in step.changed if row[0] not in FOLLOWING]
        for part, old, new in own or (("", "", ""),):
            yield ReasonRow(
                step=step.info.number,
                instruction=step.info.text,
                cached=step.outcome == "cached",
                why=step.why,
                part=part,
                old=old,
                new=new,
            )


def warning_rows(warnings: Iterable[BuildWarned]) -> tuple[WarningRow, ...]:
    """What is odd."""
    return tuple(
        WarningRow(rule=one.rule, line=one.line or None, message=one.text, fix=one.fix, url=one.url) for one in warnings
    )


def unstable_rows(differences: Iterable[BuildDifference]) -> tuple[UnstableRow, ...]:
    """What two builds do not have in common."""
    return tuple(
        UnstableRow(
            step=one.step,
            instruction=one.text,
            path=one.path,
            what=one.aspect,
            first=one.first,
            second=one.second,
            reason=one.reason,
        )
        for one in differences
    )
