"""What stands above the line of an error that a Dockerfile caused: the last output, and the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockerfileError

from .checking import excerpt_lines

if TYPE_CHECKING:
    from dockmagic.oci.errors import DockmagicError

__all__ = ["failure_story"]

_BAR = "-" * 6


def failure_story(error: DockmagicError) -> str:
    """Lines to print before an error's own; empty for errors that have no story."""
    if isinstance(error, DockerfileError):
        above = [f"WARNING: {one}" for one in error.above]
        return "\n".join([*above, *excerpt_lines(error.excerpt)])
    from dockmagic.build.outcome.result import StepFailed

    if not isinstance(error, StepFailed):
        return ""
    lines = [_BAR, f" > {error.step.title}:", *error.output.splitlines(), _BAR] if error.output else []
    lines += excerpt_lines(error.excerpt)
    return "\n".join(lines)
