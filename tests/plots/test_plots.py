"""Pictures: what is drawn is what the figures say, on paper of their own, and small."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure
from PIL import Image as Picture

from dockmagic import plots
from dockmagic.engine import Engine
from dockmagic.layer.waste import Waste
from dockmagic.oci.errors import InvalidInput
from dockmagic.plots import StepTime, TagSizes
from dockmagic.plots.chart import PALETTE, PAPER, drawable, text_colour
from dockmagic.rows import TreeRow
from dockmagic.rows.words import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

    from dockmagic.image.image import Image
    from dockmagic.plots import Chart


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One with the samples on."""
    with Engine(tmp_path / "home") as engine:
        engine.use_samples(wanted=True)
        yield engine


@pytest.fixture
def image(engine: Engine) -> Image:
    """Seven layers, two files hidden."""
    return engine.images.pull("haochen/testrepo:2.0")


def _texts(ax: Axes) -> list[str]:
    return [text.get_text().strip() for text in ax.texts]


def _widths(ax: Axes) -> list[float]:
    return [bar.get_width() for bar in ax.patches]  # type: ignore[attr-defined]


def _check_picture(chart: Chart) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = chart.png()
    assert len(data) <= 80_000
    picture = Picture.open(io.BytesIO(data)).convert("RGBA")
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)
    bundle, metadata = chart._repr_mimebundle_()
    assert bundle["text/plain"] == metadata["image/png"]["alt"] == chart.alt == repr(chart)


def test_layers_are_bars_of_their_bytes(image: Image) -> None:
    """The base at the bottom, each with its size and instruction."""
    chart = image.plot("layers")
    sizes = [layer.size for layer in reversed(image.layers)]
    assert _widths(chart.ax) == sizes
    assert [tick.get_text()[-1] for tick in chart.ax.get_yticklabels()] == list("6543210")
    assert _texts(chart.ax)[0] == "33B"
    assert chart.alt.startswith("Layer sizes of haochen/testrepo:2.0: layer 0 1.23MB, ")
    _check_picture(chart)


def test_a_treemap_adds_up_to_the_image(image: Image) -> None:
    """Areas are shares of the bytes that the merged view has; the biggest is named."""
    chart = image.plot()
    areas = [tile.get_width() * tile.get_height() for tile in chart.ax.patches]  # type: ignore[attr-defined]
    total = sum(node.entry.size for node in image.files if node.entry.is_file)
    assert sum(areas) == pytest.approx(100 * 56)
    biggest = max(node.entry.size for node in image.files if node.entry.is_file)
    assert max(areas) / (100 * 56) == pytest.approx(biggest / total, rel=0.01)
    assert f"by path, {human_size(total)}" in chart.alt
    _check_picture(chart)


def test_many_paths_have_few_tiles() -> None:
    """What is left of a folder stands beside what came out of it, and nothing is lost."""
    from dockmagic.layer.entry import Entry, EntryType
    from dockmagic.layer.node import Node
    from dockmagic.layer.path_index import PathIndex
    from dockmagic.plots.treemap import _tiles

    rows = [
        (name, Node(Entry(name, EntryType.REGULAR, size=size), layer=number % 3, source=0), size, 0)
        for number in range(2000)
        for name, size in [(f"usr/lib/{number % 40}/{number}".encode(), 1 + number % 97)]
    ]
    tiles = _tiles(PathIndex(rows))
    assert sum(tile.size for tile in tiles) == sum(size for _, _, size, _ in rows)
    assert 20 <= len(tiles) <= 80
    assert any(tile.label == "others in /usr/lib" for tile in tiles)


def test_waste_names_the_layers(image: Image) -> None:
    """That carry, and that hide."""
    chart = image.plot("waste")
    assert _widths(chart.ax)[: len(image.waste)] == [one.size for one in image.waste]
    assert "/var/www/index.html 26B of layer 5, replaced by layer 6" in chart.alt
    _check_picture(chart)


def test_the_rest_of_much_waste_is_one_bar() -> None:
    """With their sum."""
    found = [Waste(f"/f{number}", 0, 1, 100 - number, deleted=True) for number in range(20)]
    chart = plots.plot_waste(found, 10_000, title="x")
    assert _widths(chart.ax) == [*(100 - number for number in range(15)), 85 + 84 + 83 + 82 + 81]
    assert "5 others 415B" in chart.alt
    assert "efficiency 81.9 %" in chart.alt


def test_local_images_stand_on_others(engine: Engine, image: Image) -> None:
    """Each below the one that it stands on, with what is its own."""
    assert image.tags
    engine.images.pull("ubuntu:14.04")
    chart = engine.images.plot()
    assert "haochen/testrepo:2.0 " in chart.alt
    assert ", 65B of its own, on ubuntu:14.04" in chart.alt
    _check_picture(chart)


def test_many_images_are_cut_and_that_is_told() -> None:
    """Three hundred rows are no picture."""
    rows = [TreeRow(depth=0, names=(f"i{n}",), id="", layers=1, size=1, own_size=1, shared_size=0) for n in range(99)]
    chart = plots.plot_family(rows)
    assert chart.ax.get_title(loc="left") == "Local images, the first 40 of 99"
    _check_picture(chart)


def test_a_repository_grows_by_what_is_new(engine: Engine) -> None:
    """From the registry, nothing is pulled."""
    chart = engine.images.plot_tags("haochen/testrepo")
    assert "1.0" in chart.alt
    assert " new, 2.0 " in chart.alt
    assert len(engine.images.list()) == 0
    _check_picture(chart)


@pytest.mark.parametrize("count", [3, 200])
def test_tags_stand_in_the_order_of_their_dates(count: int) -> None:
    """Shared blobs count once; many tags have columns without numbers."""
    tags = [
        TagSizes(f"t{n}", datetime(2024, 1, 1 + (n + 1) % 3, tzinfo=UTC), {"base": 1000, f"own{n}": 10 + n})
        for n in range(count)
    ]
    chart = plots.plot_growth([*tags, TagSizes("old", None, {"base": 1000})], title="r")
    assert chart.alt.startswith(
        f"Compressed bytes of r by tag, {plots.growth.human_size(1000 + sum(10 + n for n in range(count)))}"
    )
    assert "old  no date 1kB, 1kB new, t2  2024-01-01 1.01kB, 12B new" in chart.alt
    _check_picture(chart)


def test_steps_of_a_build_have_their_seconds() -> None:
    """Cached ones say so."""
    steps = [StepTime("FROM x", 0.01, cached=True), StepTime("RUN make", 3.25, cached=False)]
    chart = plots.plot_steps(steps, 3.4, title="app:1")
    assert _texts(chart.ax) == ["cached", "3.2 s"]
    assert chart.alt == "app:1: built in 3.4 s: FROM x cached, RUN make 3.2 s."
    _check_picture(chart)


def test_the_callers_axes_are_drawn_into(image: Image) -> None:
    """As pandas' plots do."""
    left, right = Figure().subplots(1, 2)
    assert image.plot("layers", ax=left).ax is left
    assert image.plot(ax=right).ax is right


def test_hostile_names_are_letters() -> None:
    """No mathematics of matplotlib, no control characters, no warning about glyphs."""
    steps = [
        StepTime("RUN echo $\\frac{1}{0}$ \x1b[31m\n<b>", 1.0, cached=False),
        StepTime("RUN 写时复制", 1.0, cached=False),
    ]
    _check_picture(plots.plot_steps(steps, 2.0, title="$x_{$"))
    assert drawable("a\x07b\udcff") == "a?b?"


def test_letters_stand_out_from_their_tiles() -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour in (*PALETTE, PAPER):
        low, high = sorted((luminance(colour), luminance(text_colour(colour))))
        assert (high + 0.05) / (low + 0.05) >= 4.5, colour


def test_a_kind_that_there_is_not_is_refused(image: Image) -> None:
    """With those that there are."""
    with pytest.raises(InvalidInput, match="'pie' is no kind of plot"):
        image.plot("pie")  # type: ignore[arg-type]
