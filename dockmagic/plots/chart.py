"""A drawn chart, and what all of them have in common: paper, ink, bars with numbers, letters of all scripts."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["INK", "PALETTE", "PAPER", "Chart", "bars", "drawable", "legend_below", "new_axes", "text_colour"]

#: One ink cannot be read on white and on JupyterLab's dark page, so charts bring their paper along.
PAPER: Final = "#ffffff"
INK: Final = "#24292f"
#: Colours that people who see few of them can tell apart, too (Paul Tol, "bright" and "muted").
PALETTE: Final = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
    "#bbbbbb", "#332288", "#ddcc77", "#117733", "#88ccee", "#882255",
)  # fmt: skip
_WIDTH: Final = 9.0
_DPI: Final = 100
_COLOURS: Final = 64
_LABEL: Final = 8.5
#: Fonts with Chinese, Japanese and Korean letters, as Debian and others name them.
_CJK_FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Source Han Sans SC",
)
_BEYOND_LATIN: Final = "\u2e80"


class Chart:
    """A drawn figure that shows itself as a picture, whichever backend matplotlib has.

    Attributes:
        ax: where it is drawn, to be changed.
        alt: its figures in words, for who does not see it.
    """

    def __init__(self, ax: Axes, alt: str) -> None:
        self.ax = ax
        self.alt = alt

    def __repr__(self) -> str:
        return self.alt

    def png(self) -> bytes:
        """The picture as PNG of at most 64 colours, 100 dots an inch: small enough to be saved in a notebook."""
        from PIL import Image

        drawn, picture = io.BytesIO(), io.BytesIO()
        figure: Any = self.ax.get_figure(root=True)
        figure.savefig(drawn, format="png", dpi=_DPI)
        Image.open(drawn).convert("RGB").quantize(_COLOURS).save(picture, format="png", optimize=True)
        return picture.getvalue()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
        del include, exclude
        return {"image/png": self.png(), "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


def new_axes(height: float, ax: Axes | None = None, *, width: float = _WIDTH) -> Axes:
    """Where to draw: `ax`, else a figure of its own with opaque paper.

    Args:
        height: of a new figure, in inches.
        ax: of the caller.
        width: of a new figure, in inches.
    """
    if ax is None:
        from matplotlib.figure import Figure

        # A figure of its own and not pyplot's: drawn by Agg, shown once, and nothing to close.
        ax = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER).add_subplot()
    ax.set_facecolor(PAPER)
    ax.tick_params(colors=INK, length=0, labelsize=_LABEL)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    notes: Sequence[str],
    *,
    title: str,
    colours: Sequence[str],
    ax: Axes | None = None,
) -> Axes:
    """A horizontal bar for each label, the first at the top, with a note at its end.

    Args:
        labels: left of the bars.
        values: lengths of the bars.
        notes: at their ends.
        title: above.
        colours: of the bars.
        ax: where to draw; None for a figure of its own.
    """
    ax = new_axes(0.75 + 0.31 * max(len(labels), 1), ax)
    places = range(len(labels))
    drawn = ax.barh(places, values, color=colours, height=0.7)
    ax.bar_label(drawn, [f" {note}" for note in notes], color=INK, fontsize=_LABEL)
    ax.set_yticks(places, [drawable(label) for label in labels])
    ax.invert_yaxis()
    ax.margins(x=0.16)
    ax.set_xlim(left=0)
    ax.xaxis.set_visible(False)
    ax.set_title(drawable(title), color=INK, fontsize=10, loc="left")
    return ax


def legend_below(ax: Axes, entries: Sequence[tuple[str, str]]) -> None:
    """A key of colours below the axes, where it covers nothing.

    Args:
        ax: what it is of.
        entries: colour and meaning of each.
    """
    if not entries:
        return
    from matplotlib.patches import Patch

    figure: Any = ax.get_figure(root=True)
    patches = [Patch(color=colour, label=drawable(meaning)) for colour, meaning in entries]
    figure.legend(handles=patches, loc="outside lower left", ncols=2, fontsize=_LABEL, frameon=False, labelcolor=INK)


def text_colour(background: str) -> str:
    """Black or white: what has more contrast to a colour (WCAG 2.2, relative luminance)."""
    channels = [int(background[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def drawable(text: str) -> str:
    """A text with what the fonts here have no letters for as question marks, and no mathematics of matplotlib."""
    plain = text.encode("utf-8", "replace").decode().replace("$", r"\$")
    plain = "".join(letter if letter.isprintable() else "?" for letter in plain)
    if plain.isascii() or max(plain) < _BEYOND_LATIN or _find_cjk_font():
        return plain
    return "".join(letter if letter < _BEYOND_LATIN else "?" for letter in plain)


@cache
def _find_cjk_font() -> str:
    """The name of a font with Chinese letters, which is taken into use; empty for none."""
    import matplotlib as mpl
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    found = next((name for name in _CJK_FONTS if name in installed), "")
    if found:
        mpl.rcParams["font.sans-serif"] = [*mpl.rcParams["font.sans-serif"], found]
    return found
