"""The stack of an image's layers: what ``%layers`` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.output.format import human_size, short_id
from dockmagic.notebook import html
from dockmagic.notebook.names import subject_name
from dockmagic.notebook.text import count, printable
from dockmagic.rows.words import instruction

from .answers import changes_page, file_text
from .changes import changes_html, counts
from .view import View, settings_of
from .waste import waste_headline, waste_html, waste_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from dockmagic.commands.cmdline.result import Table
    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer, Layers
    from dockmagic.plots import Chart
    from dockmagic.rows import LayerRow

__all__ = ["LayersView", "view_of"]

_CODE_WIDTH: Final = 90
_WASTE: Final = 50
#: Rows of all layers together, in the twin, and the fewest that one gets.
_ROWS: Final = 110
_FEWEST: Final = 4
_COLOUR, _SHARED_COLOUR = "#4c8bf5", "#e0a030"


class LayersView(View):
    """An image's layers as a stack, the base at the bottom.

    In a live notebook a layer opens on a click, two can be compared, and paths are filtered by name; elsewhere the same
    stack opens without a script. ``view.frame()`` is the table, ``view.plot()`` a chart.

    Attributes:
        subject: the image, layer or range of layers that is shown.
    """

    script = "layers.js"

    def __init__(self, subject: Image | Layers | Layer, rows: Sequence[LayerRow], **table: Any) -> None:
        super().__init__(rows, **table)
        self.subject = subject
        whole: Any = getattr(subject, "layers", subject)
        self._layers: Layers | tuple[Layer] = whole if hasattr(whole, "__len__") else (whole,)

    @property
    def _image(self) -> Image | None:
        """The whole image, if that is what is shown."""
        subject: Any = self.subject
        return subject if hasattr(subject, "layers") else None

    def plot(self, ax: Axes | None = None) -> Chart:
        """Draw the layers' sizes with matplotlib, those shared with other images in another colour."""
        from dockmagic.plots import plot_layers

        return plot_layers(self.rows, title=subject_name(self.subject), ax=ax)

    @property
    def headline(self) -> str:
        """The image in a few words."""
        total = sum(row.size for row in self.rows)
        return f"{subject_name(self.subject)}  {count(len(self.rows), 'layer')}  {human_size(total)}"

    def __repr__(self) -> str:
        lines = [
            f"{row.layer:>3}  {human_size(row.size):>8}  {_tally(row):<18} {short_id(row.diff_id)}  "
            f"{instruction(row.created_by, 60)}"
            for row in reversed(self.rows)
        ]
        return "\n".join([self.headline, *lines])

    def _repr_html_(self) -> str:
        largest = max((row.size for row in self.rows), default=0) or 1
        head = html.div(html.bold(subject_name(self.subject)), " ", html.muted(self.headline.split("  ", 1)[1]))
        wasted = waste_html(self._image) if self._image is not None else html.NOTHING
        return html.join(head, wasted, *(self._slab(row, largest) for row in reversed(self.rows)))

    def _slab(self, row: LayerRow, largest: int) -> html.Markup:
        changes = self._layers[row.layer - self._layers[0].index].changes
        about = [
            ("DiffID", html.code(row.diff_id)),
            ("ChainID", html.code(row.chain_id)),
            ("Compressed", html.text(human_size(row.compressed_size))),
        ]
        if row.shared_with:
            about.append(("Shared with", html.text(", ".join(row.shared_with))))
        summary = html.run(
            html.bold(row.layer),
            html.SPACE,
            html.bar(row.size / largest, colour=_SHARED_COLOUR if row.shared_with else _COLOUR, width=120),
            " ",
            human_size(row.size),
            html.SPACE,
            _marks(row),
            html.SPACE,
            html.code(instruction(row.created_by, _CODE_WIDTH), title=row.created_by),
        )
        paths = changes_html(changes, max(_FEWEST, _ROWS // max(1, len(self.rows))))
        body = html.run(html.facts(about), html.div(html.muted(counts(changes))), paths)
        style = "border:1px solid rgba(127,127,127,.35);border-radius:6px;padding:4px 10px;margin:3px 0"
        return html.details(summary, html.div(body, style="margin:4px 0 4px 1.2em"), style=style)

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        return {
            "title": subject_name(self.subject),
            "platform": str(getattr(self.subject, "platform", "")),
            "waste": self._waste(),
            "layers": [
                {
                    "index": row.layer,
                    "instruction": instruction(row.created_by),
                    "created_by": row.created_by,
                    "size": row.size,
                    "compressed": row.compressed_size,
                    "added": row.added,
                    "changed": row.changed,
                    "deleted": row.deleted,
                    "diff_id": row.diff_id,
                    "chain_id": row.chain_id,
                    "shared_with": list(row.shared_with),
                }
                for row in self.rows
            ],
        }

    def _waste(self) -> dict[str, Any] | None:
        image = self._image
        if image is None or not image.waste:
            return None
        lines = [
            [line.size, printable(line.example), line.files, line.layer, printable(line.made_by), line.change]
            for line in waste_lines(image)[:_WASTE]
        ]
        return {"head": waste_headline(image), "lines": lines}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``changes`` or ``text`` of the layers ``first`` to ``last`` in the view of those below."""
        from dockmagic.image.analysis import diff

        lowest = self._layers[0].index
        first, last = int(question["first"]) - lowest, int(question["last"]) - lowest
        part: Any = self._layers[first] if first == last else self._layers[first : last + 1]
        found = diff(part)
        if question["ask"] == "text":
            return file_text(found, str(question["path"]))
        return changes_page(found.files, filter=str(question.get("filter", "")), start=int(question.get("start", 0)))


def _tally(row: LayerRow) -> str:
    return f"+{row.added:,} ~{row.changed:,} -{row.deleted:,}"


def _marks(row: LayerRow) -> html.Markup:
    found = (("A", row.added), ("C", row.changed), ("D", row.deleted))
    marks = (html.run(html.letter(letter), html.muted(f"{number:,}")) for letter, number in found if number)
    return html.Markup(" ").join(marks)


def view_of(table: Table) -> LayersView | None:
    """The view of a verb's table; see `by_row_type`."""
    subject: Any = table.subject
    rows: Any = table.rows
    return LayersView(subject, rows, **settings_of(table)) if subject is not None else None
