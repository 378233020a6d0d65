"""Bytes that an image carries and never shows: how many, of which files, and which instruction to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.commands.output.format import human_size
from dockmagic.notebook import html
from dockmagic.notebook.text import count
from dockmagic.rows.words import instruction

if TYPE_CHECKING:
    from dockmagic.image.image import Image
    from dockmagic.layer.waste import Waste

__all__ = ["WasteLine", "waste_headline", "waste_html", "waste_lines"]

_LINES: Final = 12
_WIDTH: Final = 70


class WasteLine(NamedTuple):
    """What one layer carries for another one to hide.

    Attributes:
        layer: index of the layer that carries the bytes.
        hidden_by: index of the layer that hides them.
        size: bytes.
        files: how many.
        example: the largest of them.
        made_by: the instruction that wrote them.
        change: how to change the Dockerfile.
    """

    layer: int
    hidden_by: int
    size: int
    files: int
    example: str
    made_by: str
    change: str


def waste_lines(image: Image) -> list[WasteLine]:
    """The waste of an image by pairs of layers, the largest first."""
    pairs: dict[tuple[int, int], list[int]] = {}
    largest: dict[tuple[int, int], Waste] = {}
    for one in image.waste:
        pair = (one.layer, one.hidden_by)
        pairs.setdefault(pair, []).append(one.size)
        largest.setdefault(pair, one)
    found = []
    for (layer, hidden_by), sizes in pairs.items():
        example = largest[layer, hidden_by]
        made_by = instruction(image.layers[layer].created_by)
        found.append(WasteLine(layer, hidden_by, sum(sizes), len(sizes), example.path, made_by, example.change))
    return sorted(found, key=lambda line: -line.size)


def waste_headline(image: Image) -> str:
    """``efficiency 97.2 %, 12MB hidden``."""
    return f"efficiency {100 * image.efficiency:.1f} %, {human_size(sum(one.size for one in image.waste))} hidden"


def waste_html(image: Image) -> html.Markup:
    """A list that opens, with what to change; nothing where nothing is hidden."""
    lines = waste_lines(image)
    if not lines:
        return html.NOTHING
    rows = [
        (
            human_size(line.size),
            html.run(
                html.code(line.example), html.muted(f" and {count(line.files - 1, 'more')}" if line.files > 1 else "")
            ),
            html.run(
                f"layer {line.layer} ",
                html.code(instruction(image.layers[line.layer].created_by, _WIDTH), title=line.made_by),
            ),
            line.change,
        )
        for line in lines[:_LINES]
    ]
    table = html.table(rows, header=("Hidden", "Files", "Made by", "How to change it"), numbers=(0,))
    rest = len(lines) - _LINES
    more = html.muted(f"others: {count(rest, 'pair')} of layers") if rest > 0 else html.NOTHING
    return html.details(waste_headline(image), html.run(table, more))


def _cut(image: Image, layer: int) -> str:
    return instruction(image.layers[layer].created_by, _WIDTH)
