"""The sizes of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.rows.words import human_size, instruction

from .chart import PALETTE, Chart, bars, legend_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dockmagic.rows import LayerRow

__all__ = ["plot_layers"]

_OWN, _SHARED = PALETTE[0], PALETTE[3]
_WIDTH: Final = 56


def plot_layers(rows: Sequence[LayerRow], *, title: str, ax: Axes | None = None) -> Chart:
    """A bar for each layer, the base at the bottom, in another colour where another local image has it too.

    Args:
        rows: base first.
        title: above the chart.
        ax: where to draw; None for a figure of its own.
    """
    top_first = list(reversed(rows))
    ax = bars(
        [f"{instruction(row.created_by, _WIDTH)}  {row.layer}" for row in top_first],
        [row.size for row in top_first],
        [human_size(row.size) for row in top_first],
        title=title,
        colours=[_SHARED if row.shared_with else _OWN for row in top_first],
        ax=ax,
    )
    if any(row.shared_with for row in rows):
        legend_below(ax, [(_OWN, "only here"), (_SHARED, "shared with another image")])
    told = ", ".join(f"layer {row.layer} {human_size(row.size)}{' shared' if row.shared_with else ''}" for row in rows)
    return Chart(ax, f"Layer sizes of {title}: {told or 'no layers'}.")
