"""How long the steps of a build took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.rows.words import shorten

from .chart import PALETTE, Chart, bars, legend_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["StepTime", "plot_steps"]

_RUN, _CACHED = PALETTE[0], PALETTE[6]
_WIDTH: Final = 60


class StepTime(NamedTuple):
    """How long a step took.

    Attributes:
        instruction: as the Dockerfile has it.
        seconds: that it took; of a cached one, that the look-up took.
        cached: whether it came from the cache.
    """

    instruction: str
    seconds: float
    cached: bool


def plot_steps(steps: Sequence[StepTime], seconds: float, *, title: str, ax: Axes | None = None) -> Chart:
    """A bar for each step in the order of the file, with its seconds; steps that came from the cache in grey.

    Args:
        steps: of a build, in the order of the file.
        seconds: that the build took.
        title: name of what was built.
        ax: where to draw; None for a figure of its own.
    """
    notes = ["cached" if step.cached else f"{step.seconds:.1f} s" for step in steps]
    head = f"{title}: built in {seconds:.1f} s"
    ax = bars(
        [shorten(step.instruction, _WIDTH) for step in steps],
        [step.seconds for step in steps],
        notes,
        title=head,
        colours=[_CACHED if step.cached else _RUN for step in steps],
        ax=ax,
    )
    if any(step.cached for step in steps):
        legend_below(ax, [(_RUN, "done in this build"), (_CACHED, "from the cache")])
    told = ", ".join(f"{step.instruction} {note}" for step, note in zip(steps, notes, strict=True))
    return Chart(ax, f"{head}: {told or 'no steps'}.")
