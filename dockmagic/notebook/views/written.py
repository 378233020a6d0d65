"""What a container has done to its image: what ``%diff CONTAINER`` returns."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.output.format import human_size
from dockmagic.notebook import html
from dockmagic.notebook.stack import WRITABLE, image_lines, image_slabs, slab
from dockmagic.notebook.text import count, printable

from .answers import changes_page
from .view import View, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.commands.cmdline.result import Table
    from dockmagic.layer.compare import Change
    from dockmagic.rows import WrittenRow
    from dockmagic.runtime.container import Container

__all__ = ["WrittenView", "view_of"]

_LINES: Final = 200
_TEXT_LINES: Final = 30
_TEXT_LIMIT: Final = 200_000
_NAMES: Final = {"dir": "the folder", "link": "the link"}


class WrittenView(View):
    """The writable layer of a container on top of its image's layers, and what each change hides below.

    It shows the moment at which it was made. In a live notebook paths are filtered by name and a changed text file
    opens on a click; ``view.frame()`` is the table.

    Attributes:
        container: whose changes they are.
    """

    script = "written.js"

    def __init__(self, container: Container, rows: Sequence[WrittenRow], **table: Any) -> None:
        super().__init__(rows, **table)
        self.container = container
        self._image = container.image

    @cached_property
    def _changes(self) -> list[Change]:
        from dockmagic.runtime.path import differences

        return differences(self._image, self.container.changes())

    @property
    def _counts(self) -> str:
        letters = Counter(row.change for row in self.rows)
        return f"{letters['A']:,} added, {letters['C']:,} changed, {letters['D']:,} deleted"

    @property
    def _size(self) -> str:
        return human_size(sum(row.size for row in self.rows))

    @property
    def headline(self) -> str:
        """Whose changes, on what, and how many."""
        return f"{self.container.name} on {self.container.record.image}: {self._counts}, {self._size} written"

    @property
    def _hidden(self) -> dict[int, str]:
        """By the index of a layer, how many of its files are hidden."""
        found = Counter(row.layer for row in self.rows if _hides(row))
        return {layer: f"{count(number, 'path')} of it hidden" for layer, number in found.items()}

    def __repr__(self) -> str:
        lines = [f"  {row.change} {printable(row.path):<36} {_words(row)}".rstrip() for row in self.rows[:_TEXT_LINES]]
        if len(self.rows) > _TEXT_LINES:
            lines.append(f"  … and {len(self.rows) - _TEXT_LINES:,} more")
        top = f"   +  {self._size:>8}  the writable layer"
        return "\n".join([self.headline, top, *lines, *image_lines(self._image, self._hidden)])

    def _repr_html_(self) -> str:
        image = html.muted(f"on {self.container.record.image}")
        head = html.div(html.bold(self.container.name), " ", image, html.SPACE, html.muted(self._counts))
        rows = [
            [html.letter(row.change), html.code(row.path), html.text(_size_of(row)), html.muted(_hides(row))]
            for row in self.rows[:_LINES]
        ]
        table = html.table(rows, header=("", "Path", "Size", "Hides"), numbers=(2,)) if rows else html.muted("nothing")
        if len(self.rows) > _LINES:
            table = html.run(table, html.muted(f"… and {len(self.rows) - _LINES:,} more"))
        summary = html.run(html.bold("+"), html.SPACE, self._size, html.SPACE, "the writable layer")
        top = slab(summary, table, colour=WRITABLE, opened=True)
        notes = {layer: html.muted(words) for layer, words in self._hidden.items()}
        return html.join(head, top, image_slabs(self._image, notes))

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        from dockmagic.rows.words import instruction

        return {
            "title": self.container.name,
            "image": self.container.record.image,
            "size": sum(row.size for row in self.rows),
            "page": changes_page(self._changes),
            "hides": {row.path: _hides(row) for row in self.rows[:_LINES]},
            "layers": [
                {
                    "index": layer.index,
                    "size": layer.size,
                    "instruction": instruction(layer.created_by),
                    "created_by": layer.created_by,
                    "note": self._hidden.get(layer.index, ""),
                }
                for layer in self._image.layers
            ],
        }

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``changes`` that fit a filter, or how the ``text`` of one path differs from the image's."""
        if question["ask"] == "text":
            return self._text_of(str(question["path"]))
        return changes_page(self._changes, filter=str(question.get("filter", "")), start=int(question.get("start", 0)))

    def _text_of(self, path: str) -> dict[str, Any]:
        from difflib import unified_diff

        from dockmagic.oci.errors import DockmagicError
        from dockmagic.runtime.path import ContainerPath

        change = next((one for one in self._changes if one.path == path), None)
        if change is None:
            return {"path": path, "problem": "it is as it was in the image"}
        try:
            old = (self._image / path).read_text() if change.old is not None else ""
            new = ContainerPath(self.container, path).read_text() if change.new is not None else ""
        except (DockmagicError, OSError, UnicodeDecodeError) as error:
            return {"path": path, "problem": "it is no text" if isinstance(error, UnicodeDecodeError) else str(error)}
        lines = unified_diff(old.splitlines(), new.splitlines(), f"image{path}", f"container{path}", lineterm="")
        return {"path": path, "text": "\n".join(lines)[:_TEXT_LIMIT]}


def _size_of(row: WrittenRow) -> str:
    return human_size(row.size) if row.kind == "file" and row.change != "D" else ""


def _hides(row: WrittenRow) -> str:
    if row.layer is None or (row.kind == "dir" and row.change == "C"):
        return ""  # of a changed folder, what it had shines through
    what = human_size(row.old_size) if row.kind == "file" else _NAMES.get(row.kind, "it")
    return f"{what} of layer {row.layer}"


def _words(row: WrittenRow) -> str:
    hidden = _hides(row)
    return "  ".join(part for part in (f"{_size_of(row):>8}", f"hides {hidden}" if hidden else "") if part)


def view_of(table: Table) -> WrittenView | None:
    """The view of a verb's table; see `by_row_type`."""
    subject: Any = table.subject
    rows: Any = table.rows
    return WrittenView(subject, rows, **settings_of(table)) if subject is not None else None
