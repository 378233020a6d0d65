"""The bytes that an image carries and never shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.rows.words import human_size, shorten

from .chart import PALETTE, Chart, bars, legend_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dockmagic.layer.waste import Waste

__all__ = ["plot_waste"]

_DELETED, _REPLACED, _OTHERS = PALETTE[1], PALETTE[0], PALETTE[6]
_FILES: Final = 15
_WIDTH: Final = 60


def plot_waste(found: Sequence[Waste], size: int, *, title: str, ax: Axes | None = None) -> Chart:
    """A bar for each of the largest hidden files, with the layers that carry and hide it, and one for all others.

    Args:
        found: what is hidden, the largest first.
        size: bytes of all layers' files.
        title: name of the image.
        ax: where to draw; None for a figure of its own.
    """
    shown, rest = found[:_FILES], found[_FILES:]
    labels = [f"{shorten(one.path, _WIDTH)}  {one.layer} → {one.hidden_by}" for one in shown]
    sizes = [one.size for one in shown]
    colours = [_DELETED if one.deleted else _REPLACED for one in shown]
    if rest:
        labels.append(f"{len(rest)} others")
        sizes.append(sum(one.size for one in rest))
        colours.append(_OTHERS)
    hidden = sum(one.size for one in found)
    efficiency = 100 * (1 - hidden / size) if size else 100.0
    head = f"{title}: {human_size(hidden)} of {human_size(size)} hidden, efficiency {efficiency:.1f} %"
    ax = bars(labels, sizes, [human_size(size) for size in sizes], title=head, colours=colours, ax=ax)
    keys = [(_DELETED, "deleted by a layer above"), (_REPLACED, "replaced by a layer above")]
    legend_below(ax, [key for key in keys if key[0] in colours])
    told = ", ".join(
        f"{one.path} {human_size(one.size)} of layer {one.layer}, "
        f"{'deleted' if one.deleted else 'replaced'} by layer {one.hidden_by}"
        for one in shown
    )
    more = f", {len(rest)} others {human_size(sizes[-1])}" if rest else ""
    return Chart(ax, f"{head}: {told}{more}." if found else f"{head}.")
