"""What differs between two things: what ``%diff`` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.notebook import html
from dockmagic.notebook.names import subject_name

from .answers import changes_page, file_text, sizes
from .changes import changes_html, changes_text, counts
from .view import View, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockmagic.commands.cmdline.result import Table
    from dockmagic.image.analysis import ConfigDifference, Diff
    from dockmagic.layer.compare import Change
    from dockmagic.rows import ChangeRow

__all__ = ["DiffView", "view_of"]

#: The static twin carries the unified text of so many small files, if both images are small enough to be read.
_TEXTS: Final = 4
_TEXT_SIZE: Final = 16_384
_READABLE: Final = 32_000_000


class DiffView(View):
    """Changed files as a tree, and changes of configuration and history.

    In a live notebook paths are filtered by name and a changed text file opens on a click; elsewhere the same tree
    opens without a script. ``view.frame()`` is the table of files, ``view.diff`` the `Diff`.

    Attributes:
        diff: the difference.
    """

    script = "diff.js"

    def __init__(self, diff: Diff, rows: Sequence[ChangeRow], **table: Any) -> None:
        super().__init__(rows, **table)
        self.diff = diff
        wanted = {row.path for row in self.rows}
        everything = diff.files
        # --path leaves only some of the paths.
        self._changes = (
            everything if len(wanted) == len(everything) else [one for one in everything if one.path in wanted]
        )

    @classmethod
    def of(cls, diff: Diff) -> DiffView:
        """The view of a difference that was made in Python."""
        from dockmagic.engine.describe import change_rows
        from dockmagic.rows import ChangeRow

        rows = change_rows(diff.files)
        return cls(
            diff,
            rows,
            row_type=ChangeRow,
            shown=ChangeRow.shown,
            text=lambda: "\n".join(f"{row.change} {row.path}" for row in rows),
        )

    @property
    def headline(self) -> str:
        """Which is compared with which."""
        old = subject_name(self.diff.old) if self.diff.old is not None else "the layers below"
        return f"{old} → {subject_name(self.diff.new)}"

    def __repr__(self) -> str:
        changes = self._changes
        parts = [f"{self.headline}: {counts(changes)}", changes_text(changes)]
        parts += [_difference_text(one) for one in (*self.diff.config, *self.diff.history)]
        return "\n".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        changes = self._changes
        head = html.div(html.bold(self.headline), " ", html.muted(counts(changes)))
        return html.join(
            head,
            changes_html(changes),
            *self._texts(changes),
            _section("Configuration", self.diff.config),
            _section("History", self.diff.history),
        )

    def _texts(self, changes: Sequence[Change]) -> Iterator[html.Markup]:
        if not _is_small(self.diff.new) or not (self.diff.old is None or _is_small(self.diff.old)):
            return
        fitting = [
            change
            for change in changes
            if change.letter == "C" and "content" in change.aspects and max(sizes(change)) <= _TEXT_SIZE
        ]
        for change in fitting[:_TEXTS]:
            answer = file_text(self.diff, change.path)
            if "text" in answer:
                head = html.run(html.letter("C"), " ", html.code(change.path))
                yield html.details(head, _unified(answer["text"]))

    def state(self) -> dict[str, Any]:
        """What the page is given at the start."""
        differences = (("Configuration", self.diff.config), ("History", self.diff.history))
        return {
            "title": self.headline,
            "page": changes_page(self._changes),
            "sections": [
                {"title": title, "rows": [[one.letter, one.name, one.old, one.new] for one in found]}
                for title, found in differences
                if found
            ],
        }

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``changes`` that fit a filter, or the ``text`` of one path."""
        if question["ask"] == "text":
            return file_text(self.diff, str(question["path"]))
        return changes_page(self._changes, filter=str(question.get("filter", "")), start=int(question.get("start", 0)))


def _is_small(subject: Any) -> bool:
    layers = getattr(subject, "layers", None) or (subject if hasattr(subject, "stop") else (subject,))
    return bool(sum(layer.compressed_size for layer in layers) <= _READABLE)


def _difference_text(one: ConfigDifference) -> str:
    change = {"A": one.new, "D": one.old}.get(one.letter, f"{one.old} → {one.new}")
    return f"{one.letter} {one.name}: {change}"


def _section(title: str, differences: Sequence[ConfigDifference]) -> html.Markup:
    if not differences:
        return html.NOTHING
    rows = [
        [html.letter(one.letter), html.text(one.name).replace(" ", html.BLANK), _old_and_new(one)]
        for one in differences
    ]
    return html.details(html.run(html.bold(title), " ", html.muted(len(rows))), html.table(rows), opened=True)


def _old_and_new(one: ConfigDifference) -> html.Markup:
    if one.letter != "C":
        return html.code(one.new or one.old)
    return html.run(html.code(one.old), " → ", html.code(one.new))


def _unified(text: str) -> html.Markup:
    colours = {"+": html.LETTER_COLOURS["A"], "-": html.LETTER_COLOURS["D"]}
    lines = []
    for line in text.splitlines():
        colour = colours.get(line[:1], "")
        lines.append(
            html.Markup('<span style="color:{}">{}</span>').format(colour, line) if colour else html.text(line)
        )
    return html.pre(html.Markup("\n").join(lines), style="margin:2px 0 6px 1.4em")


def view_of(table: Table) -> DiffView | None:
    """The view of a verb's table; see `by_row_type`."""
    subject: Any = table.subject
    rows: Any = table.rows
    return DiffView(subject, rows, **settings_of(table)) if subject is not None else None
