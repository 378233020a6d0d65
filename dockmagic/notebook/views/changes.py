"""The static twin of changed paths: a tree that opens folder by folder, without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import human_size
from dockmagic.layer.path_index import PathIndex
from dockmagic.notebook import html
from dockmagic.notebook.folding import folding_html

from .answers import sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.layer.compare import Change

__all__ = ["changes_html", "changes_text", "counts"]

_ROWS: Final = 110
_OPEN: Final = 40


def counts(changes: Sequence[Change]) -> str:
    """``3 added (1.2MB), 1 changed, 2 deleted (500kB)``."""
    letters = [change.letter for change in changes]
    grown = sum(sizes(change)[1] for change in changes)
    shrunk = sum(sizes(change)[0] for change in changes)
    return (
        f"{letters.count('A'):,} added, {letters.count('C'):,} changed, {letters.count('D'):,} deleted"
        f" (+{human_size(grown)}, -{human_size(shrunk)})"
    )


def changes_text(changes: Sequence[Change], limit: int = 20) -> str:
    """Docker's lines, the first `limit` of them."""
    lines = [f"{change.letter} {change.path}" for change in changes[:limit]]
    if len(changes) > limit:
        lines.append(f"… and {len(changes) - limit:,} more")
    return "\n".join(lines)


def changes_html(changes: Sequence[Change], rows: int = _ROWS) -> html.Markup:
    """The tree of `changes`, in at most so many `rows`."""
    if not changes:
        return html.div(html.muted("no file differs"))
    index = PathIndex.of_changes(changes)

    def mark(number: int) -> html.Markup:
        change = index.items[number]
        return html.run(html.letter(change.letter) if change else html.BLANK, " ")

    return folding_html(
        index,
        budget=rows,
        mark=mark,
        note=lambda number: _size_note(index.items[number]),
        opened=len(changes) <= min(_OPEN, rows),
    )


def _size_note(change: Change | None) -> str:
    if change is None:
        return ""
    node = change.new or change.old
    if node is not None and node.entry.is_dir:
        return "folder"
    if node is not None and node.entry.is_symlink:
        return f"→ {node.entry.target}"
    old, new = sizes(change)
    if change.letter == "C":
        what = ", ".join(change.aspects)
        return f"{human_size(old)} → {human_size(new)}{'  ' + what if what else ''}"
    return human_size(new or old)
