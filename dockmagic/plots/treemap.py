"""The bytes of an image by path and by layer, as a treemap."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from dockmagic.layer.path_index import PathIndex
from dockmagic.rows.words import human_size, instruction

from .chart import PALETTE, PAPER, Chart, drawable, legend_below, new_axes, text_colour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from dockmagic.layer.tree import FileTree

__all__ = ["plot_files"]

_TILES: Final = 60
_PER_FOLDER: Final = 24
_KEYS: Final = 8
_HEIGHT: Final = 5.0
_WIDTH: Final = 46
_REST: Final = "others in "
_OTHERS: Final = "#d0d7de"


class _Tile(NamedTuple):
    """A rectangle: a folder or file with all below it, or what is left of a folder.

    `layer` supplies most of its bytes; -1 for several folders' rests.
    """

    label: str
    size: int
    layer: int


def plot_files(tree: FileTree, instructions: Mapping[int, str], *, title: str, ax: Axes | None = None) -> Chart:
    """A rectangle for each of the biggest folders and files, as large as its bytes, in the colour of its layer.

    Folders are opened, the biggest first, until there are enough rectangles; what is left of one stands beside what
    came out of it, so that all of them together are the image.

    Args:
        tree: the merged view of the image.
        instructions: what made each layer, by its index.
        title: name of the image.
        ax: where to draw; None for a figure of its own.
    """
    import squarify

    index = PathIndex.of_tree(tree)
    tiles = [tile for tile in _tiles(index) if tile.size]
    ax = new_axes(_HEIGHT, ax)
    ax.set_axis_off()
    ax.set_title(drawable(f"{title}: {human_size(index.size[0])}"), loc="left", fontsize=10)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 56)
    biggest = [layer for layer, _ in _bytes_by_layer(tiles).most_common(_KEYS)]
    colours = {layer: PALETTE[place] for place, layer in enumerate(sorted(biggest))}
    places = squarify.squarify(squarify.normalize_sizes([tile.size for tile in tiles], 100, 56), 0, 0, 100, 56)
    for tile, place in zip(tiles, places, strict=True):
        _draw(ax, tile, place, colours.get(tile.layer, _OTHERS))
    keys = [
        (colour, f"layer {layer}  {instruction(instructions.get(layer, ''), _WIDTH)}".rstrip())
        for layer, colour in colours.items()
    ]
    if any(tile.layer not in colours for tile in tiles):
        keys.append((_OTHERS, "other layers"))
    if keys:
        legend_below(ax, keys)
    told = ", ".join(f"{tile.label} {human_size(tile.size)} (layer {tile.layer})" for tile in tiles)
    return Chart(ax, f"Bytes of {title} by path, {human_size(index.size[0])}: {told or 'no files'}.")


def _bytes_by_layer(tiles: list[_Tile]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for tile in tiles:
        counts[tile.layer] += tile.size
    return counts


def _tiles(index: PathIndex) -> list[_Tile]:
    """The biggest paths, by size; the sizes of all add up to that of the root."""
    below: list[Counter[int]] = [Counter() for _ in index.names]
    for number in range(len(index.names) - 1, 0, -1):
        item = index.items[number]
        own = index.size[number] - sum(index.size[one] for one in index.members(number))
        if item is not None and own:
            below[number][item.layer] += own
        below[index.parent(number)].update(below[number])
    found: list[_Tile] = []
    queue = [(-index.size[0], 0)]
    while queue:
        _, number = heapq.heappop(queue)
        members = [one for one in index.members(number) if index.size[one]]
        room = _TILES - len(found) - len(queue)
        if not members or (room < 2 and number):
            found.append(_tile(index, number, below))
            continue
        shown = members[: max(1, min(room, _PER_FOLDER))]
        for one in shown:
            heapq.heappush(queue, (-index.size[one], one))
        rest = index.size[number] - sum(index.size[one] for one in shown)
        if rest:
            layers = below[number].copy()
            for one in shown:
                layers.subtract(below[one])
            found.append(_Tile(f"{_REST}{index.path(number)}", rest, layers.most_common(1)[0][0]))
    return sorted(found, key=lambda tile: (-tile.size, tile.label))


def _tile(index: PathIndex, number: int, below: list[Counter[int]]) -> _Tile:
    layer = below[number].most_common(1)[0][0] if below[number] else -1
    return _Tile(index.path(number), index.size[number], layer)


def _draw(ax: Axes, tile: _Tile, place: dict[str, float], colour: str) -> None:
    from matplotlib.patches import Rectangle

    x, y, wide, high = (place[key] for key in ("x", "y", "dx", "dy"))
    ax.add_patch(Rectangle((x, y), wide, high, facecolor=colour, edgecolor=PAPER, linewidth=1.2))
    letters = int(wide / 0.92)
    if letters < 5 or high < 2.4:
        return
    size = human_size(tile.size)
    lines = [_fit(tile.label, letters)] + ([size] if high > 5 and len(size) <= letters else [])
    ax.text(
        x + 0.5, y + high - 0.5, "\n".join(map(drawable, lines)), va="top", ha="left", fontsize=7.5,
        color=text_colour(colour), clip_on=True,
    )  # fmt: skip


def _fit(label: str, letters: int) -> str:
    """The end of a path that has room: its last parts, or the beginning of the last one."""
    if len(label) <= letters:
        return label
    if label.startswith(_REST):
        return "others"
    parts = label.split("/")
    for start in range(1, len(parts)):
        text = "…/" + "/".join(parts[start:])
        if len(text) <= letters:
            return text
    last = parts[-1]
    return last if len(last) <= letters else last[: max(1, letters - 1)] + "…"
