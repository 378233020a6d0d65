"""The steps of a build, and what is said about them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations)
from typing import ClassVar

from .column import Column, Row

__all__ = [
    "ArgumentRow",
    "CacheRow",
    "ReasonRow",
    "StepRow",
    "TargetRow",
    "UnstableRow",
    "WarningRow",
]


class StepRow(Row, frozen=True):
    """One step of a build (``build``), in the order of the Dockerfile.

    Attributes:
        step: its number over all stages, as in ``@3``.
        stage: name of its stage, or the stage's number.
        line: of the Dockerfile (in a cell: of the cell); None for a trigger of the base image.
        outcome: ``done``, ``cached``, ``failed``, ``canceled`` or ``skipped``.
        cached: whether the cache had it.
        why: why it had it, or why it had it not.
        time: seconds that it took.
        size: bytes of the files of its layer; 0 if it made none.
        diff_id: of its layer; empty if it made none.
        image_id: of the state after it; empty if it did not get that far.
    """

    step: int
    stage: str
    line: int | None
    instruction: str
    outcome: str
    cached: bool
    why: str
    time: float
    size: int
    diff_id: str
    image_id: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Step", "step", "STEP", "count"),
        Column("Stage", "stage", "STAGE"),
        Column("Line", "line", "LINE", "count"),
        Column("Instruction", "instruction", "INSTRUCTION"),
        Column("Outcome", "outcome", "OUTCOME"),
        Column("Cached", "cached", "CACHED", "flag"),
        Column("Why", "why", "WHY"),
        Column("Time", "time", "TIME", "seconds"),
        Column("Size", "size", "SIZE", "size"),
        Column("DiffID", "diff_id", "DIFF ID", "id"),
        Column("ImageID", "image_id", "IMAGE ID", "id"),
    )
    shown: ClassVar[tuple[str, ...]] = (
        "Step", "Stage", "Instruction", "Cached", "Why", "Time", "Size", "DiffID", "ImageID",
    )  # fmt: skip


class ReasonRow(Row, frozen=True):
    """Why the cache had a step, or had it not (``build --explain``).

    Attributes:
        part: what changed of the step, such as ``content of app.py`` or ``argument VERSION``; empty for a hit.
        old: in the nearest step that the cache has.
        new: in this build.
    """

    step: int
    instruction: str
    cached: bool
    why: str
    part: str = ""
    old: str = ""
    new: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Step", "step", "STEP", "count"),
        Column("Instruction", "instruction", "INSTRUCTION"),
        Column("Cached", "cached", "CACHED", "flag"),
        Column("Why", "why", "WHY"),
        Column("Part", "part", "PART"),
        Column("Old", "old", "OLD"),
        Column("New", "new", "NEW"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Step", "Instruction", "Cached", "Why", "Part", "Old", "New")


class UnstableRow(Row, frozen=True):
    """One thing that two builds of the same do not have in common (``build --verify-reproducible``).

    Attributes:
        step: number of the step; 0 for the image's documents.
        path: of the file; empty if it is about none.
        what: what differs, such as ``mtime`` or ``content``.
        first: in the first build.
        second: in the second.
        reason: what usually makes it so, and what to do.
    """

    step: int
    instruction: str
    path: str
    what: str
    first: str
    second: str
    reason: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Step", "step", "STEP", "count"),
        Column("Instruction", "instruction", "INSTRUCTION"),
        Column("Path", "path", "PATH"),
        Column("What", "what", "WHAT"),
        Column("First", "first", "FIRST"),
        Column("Second", "second", "SECOND"),
        Column("Reason", "reason", "REASON"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Step", "Instruction", "Path", "What", "First", "Second", "Reason")


class WarningRow(Row, frozen=True):
    """One finding about a Dockerfile (``build --check``).

    Attributes:
        rule: its name, such as ``StageNameCasing``; empty for what has no rule.
        line: of the Dockerfile (in a cell: of the cell); None if it is about none.
        message: what is odd.
        fix: what to write instead.
        url: where the rule is explained.
    """

    rule: str
    line: int | None
    message: str
    fix: str = ""
    url: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Rule", "rule", "RULE"),
        Column("Line", "line", "LINE", "count"),
        Column("Message", "message", "MESSAGE"),
        Column("Fix", "fix", "FIX"),
        Column("URL", "url", "URL"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Rule", "Line", "Message", "Fix")


class TargetRow(Row, frozen=True):
    """One stage that can be built (``build --call targets``)."""

    target: str
    default: bool
    base: str
    line: int
    description: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Target", "target", "TARGET"),
        Column("Default", "default", "DEFAULT", "flag"),
        Column("Base", "base", "BASE"),
        Column("Line", "line", "LINE", "count"),
        Column("Description", "description", "DESCRIPTION"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Target", "Default", "Base", "Description")


class ArgumentRow(Row, frozen=True):
    """One thing that a build can be given (``build --call outline``).

    Attributes:
        kind: ``argument`` or ``secret``.
        name: what ``--build-arg`` or ``--secret id=`` names.
        value: the default.
        line: of the Dockerfile.
        description: the comment above it.
    """

    kind: str
    name: str
    value: str
    line: int
    description: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Kind", "kind", "KIND"),
        Column("Name", "name", "NAME"),
        Column("Value", "value", "VALUE"),
        Column("Line", "line", "LINE", "count"),
        Column("Description", "description", "DESCRIPTION"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Kind", "Name", "Value", "Description")


class CacheRow(Row, frozen=True):
    """One step that the build cache knows (``builder du``), most recently used first.

    Attributes:
        id: the step's key.
        description: the instruction.
        size: bytes of its layer's blob.
        image_id: of the state after it.
        last_used_at: when a build last found or made it.
    """

    id: str
    description: str
    size: int
    image_id: str
    created_at: datetime | None
    last_used_at: datetime | None

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "ID", "id"),
        Column("Description", "description", "DESCRIPTION"),
        Column("Size", "size", "SIZE", "size"),
        Column("ImageID", "image_id", "IMAGE ID", "id"),
        Column("CreatedSince", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("LastUsedSince", "last_used_at", "LAST USED", "since"),
        Column("LastUsedAt", "last_used_at", "LAST USED AT", "time"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "Description", "Size", "ImageID", "LastUsedSince")
