"""The display of a build in a cell."""

from __future__ import annotations

from dockmagic.builder.outcome.events import StepInfo
from dockmagic.commands.output.build_progress import BuildProgress, StepState
from dockmagic.notebook.progress.build import _Drawing


def test_why_a_build_failed_is_told_by_its_error_alone() -> None:
    """The display keeps the steps when all is over; the reason and the output would stand on the page twice."""
    progress = BuildProgress()
    info = StepInfo(number=2, stage="", place=2, of=2, instruction="RUN", text="RUN make")
    state = StepState(info, outcome="failed", why="exit code 7")
    state.lines.append("last words")
    progress.steps[2] = state
    drawing = _Drawing(progress)
    assert "last words" in drawing.draw()
    assert "exit code 7" in drawing.draw()
    kept = drawing.summary()
    assert "make" in kept
    assert "✗" in kept
    assert "last words" not in kept
    assert "exit code 7" not in kept
