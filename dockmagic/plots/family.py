"""The family of local images: which stand on which, and what each adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.rows.words import human_size

from .chart import INK, PALETTE, Chart, bars, legend_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dockmagic.rows import TreeRow

__all__ = ["plot_family"]

_ROWS: Final = 40
_OWN, _BELOW = PALETTE[0], "#d0d7de"


def plot_family(rows: Sequence[TreeRow], *, title: str = "Local images", ax: Axes | None = None) -> Chart:
    """A bar for each image, below the one that it stands on: what that has, and what it adds.

    Args:
        rows: images in the order of their tree, as ``images --tree`` has them.
        title: above the chart.
        ax: where to draw; None for a figure of its own.
    """
    every, rows = rows, rows[:_ROWS]
    if len(every) > len(rows):
        title = f"{title}, the first {len(rows)} of {len(every)}"
    ax = bars(
        [f"{row.names[0]}{f' and {len(row.names) - 1} more' if len(row.names) > 1 else ''}" for row in rows],
        [row.size for row in rows],
        [f"{human_size(row.size)}, {human_size(row.own_size)} of its own" for row in rows],
        title=title,
        colours=[_BELOW] * len(rows),
        ax=ax,
    )
    ax.barh(
        range(len(rows)), [row.own_size for row in rows], left=[row.size - row.own_size for row in rows],
        color=_OWN, height=0.7,
    )  # fmt: skip
    ax.margins(x=0.34)
    ax.set_xlim(left=0)
    _connect(ax, rows)
    legend_below(ax, [(_BELOW, "layers of the image that it stands on"), (_OWN, "layers of its own")])
    told = ", ".join(
        f"{row.names[0]} {human_size(row.size)}, {human_size(row.own_size)} of its own, "
        f"{f'on {_parent(rows, place)}' if row.depth else 'on none'}"
        for place, row in enumerate(rows)
    )
    return Chart(ax, f"{title}: {told or 'none'}.")


def _parent(rows: Sequence[TreeRow], place: int) -> str:
    return rows[_above(rows, place)].names[0]


def _above(rows: Sequence[TreeRow], place: int) -> int:
    return next(one for one in range(place - 1, -1, -1) if rows[one].depth == rows[place].depth - 1)


def _connect(ax: Axes, rows: Sequence[TreeRow]) -> None:
    """A line from each image to the one that it stands on, where its own layers begin."""
    for place, row in enumerate(rows):
        if row.depth:
            start = row.size - row.own_size
            ax.plot([start, start], [_above(rows, place) + 0.35, place - 0.35], color=INK, linewidth=0.8)
