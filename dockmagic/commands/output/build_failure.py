"""What stands above the line of an error that a Dockerfile caused: the last output, and the place."""

from __future__ import annotations

import os

from dockmagic.oci.errors import DockerfileError, DockmagicError, InternalError
from dockmagic.oci.printable import without_controls

from .lint_output import excerpt_lines

__all__ = ["failure_story", "named"]

_BAR = "-" * 6
_LONGEST = 300


def named(error: Exception) -> DockmagicError:
    """An error as it is shown: the unexpected gets a name, and a hint to what there is to report."""
    if isinstance(error, DockmagicError):
        return error
    if isinstance(error, OSError):
        where = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, (str, bytes)) else ""
        return DockmagicError(f"{error.strerror or error}{where}")
    if isinstance(error, MemoryError):
        return InternalError("there is not enough memory", hint="End other programs, or take a smaller image")
    return InternalError(f"internal error: {type(error).__name__}: {str(error)[:_LONGEST]}")


def failure_story(error: DockmagicError) -> str:
    """Lines to print before an error's own; empty for errors that have no story."""
    if isinstance(error, DockerfileError):
        above = [f"WARNING: {one}" for one in error.above]
        return "\n".join([*above, *excerpt_lines(error.excerpt)])
    from dockmagic.builder.outcome.result import StepFailed

    if not isinstance(error, StepFailed):
        return ""
    lines = (
        [_BAR, f" > {error.step.title}:", *without_controls(error.output).splitlines(), _BAR] if error.output else []
    )
    lines += excerpt_lines(error.excerpt)
    return "\n".join(lines)
