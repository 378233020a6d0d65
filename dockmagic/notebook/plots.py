"""Charts of layers, drawn with matplotlib as text and ink that a white and a dark page show alike."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.output.format import human_size

from .names import instruction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dockmagic.rows import LayerRow

__all__ = ["Chart", "plot_layers"]

_OWN, _SHARED, _INK = "#4c8bf5", "#e0a030", "#7f7f7f"
_ROW_HEIGHT: Final = 0.34
_LABEL_WIDTH: Final = 56


class Chart:
    """A drawn figure that shows itself as a picture, whichever backend matplotlib has.

    Attributes:
        ax: where it is drawn, to be changed.
    """

    def __init__(self, ax: Axes, caption: str) -> None:
        self.ax = ax
        self._caption = caption

    def __repr__(self) -> str:
        return self._caption

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        figure: Any = self.ax.get_figure(root=True)
        figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
        return picture.getvalue()


def plot_layers(rows: Sequence[LayerRow], *, title: str, ax: Axes | None = None) -> Chart:
    """A bar for each layer, the base at the bottom, in another colour where another local image has it too.

    Args:
        rows: base first.
        title: above the chart.
        ax: where to draw; None for a figure of its own.
    """
    if ax is None:
        from matplotlib.figure import Figure

        # A figure of its own and not pyplot's: drawn by Agg, shown once, and nothing to close.
        figure = Figure(figsize=(9, 0.9 + _ROW_HEIGHT * max(len(rows), 1)), layout="constrained")
        figure.patch.set_alpha(0)
        ax = figure.add_subplot()
    ax.patch.set_alpha(0)
    places = range(len(rows))
    colours = [_SHARED if row.shared_with else _OWN for row in rows]
    bars = ax.barh(places, [row.size for row in rows], color=colours, height=0.7)
    ax.bar_label(bars, [f" {human_size(row.size)}" for row in rows], color=_INK, fontsize=8)
    ax.set_yticks(places, [f"{instruction(row.created_by, _LABEL_WIDTH)}  {row.layer}" for row in rows], fontsize=8)
    ax.set_title(title, color=_INK, fontsize=10, loc="left")
    ax.margins(x=0.12)
    ax.xaxis.set_visible(False)
    ax.tick_params(colors=_INK, length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if any(row.shared_with for row in rows):
        from matplotlib.patches import Patch

        keys = [Patch(color=_OWN, label="only here"), Patch(color=_SHARED, label="shared with another image")]
        ax.legend(handles=keys, loc="lower right", fontsize=8, frameon=False, labelcolor=_INK)
    return Chart(ax, f"layer sizes of {title}")
