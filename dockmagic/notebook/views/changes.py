"""The static twin of changed paths: a tree that opens folder by folder, without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import human_size
from dockmagic.notebook import html
from dockmagic.notebook.text import count

from .answers import sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockmagic.layer.compare import Change

__all__ = ["changes_html", "changes_text", "counts"]

_LINES: Final = 400
_OPEN: Final = 40
_CHILDREN: Final = 60


class _Folder:
    """A folder of the drawn tree: its own change, if it has one, and what is in it."""

    __slots__ = ("change", "members")

    def __init__(self) -> None:
        self.change: Change | None = None
        self.members: dict[str, _Folder] = {}

    def changes(self) -> list[Change]:
        own = [self.change] if self.change else []
        return own + [change for member in self.members.values() for change in member.changes()]


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


def changes_html(changes: Sequence[Change], limit: int = _LINES) -> html.Markup:
    """The tree of `changes`, the first `limit` of them."""
    if not changes:
        return html.div(html.muted("no file differs"))
    root = _Folder()
    for change in changes[:limit]:
        folder = root
        for part in change.path.strip("/").split("/"):
            folder = folder.members.setdefault(part, _Folder())
        folder.change = change
    rest = len(changes) - limit
    more = html.div(html.muted("… and " + count(rest, "more path"))) if rest > 0 else ""
    return html.run(_members(root, opened=len(changes) <= _OPEN), more)


def _members(folder: _Folder, *, opened: bool) -> html.Markup:
    lines = []
    for name, member in list(folder.members.items())[:_CHILDREN]:
        label = name
        shown = member
        while len(shown.members) == 1 and shown.change is None:
            ((inner, shown),) = shown.members.items()
            label += f"/{inner}"
        lines.append(_member(label, shown, opened=opened))
    if len(folder.members) > _CHILDREN:
        lines.append(html.muted(f"… and {len(folder.members) - _CHILDREN:,} more"))
    return html.branches(lines)


def _member(label: str, member: _Folder, *, opened: bool) -> html.Markup:
    mark = html.letter(member.change.letter) if member.change else html.BLANK
    if not member.members:
        return html.run(mark, " ", html.code(label), " ", html.muted(_size_note(member.change)))
    inside = member.changes()
    note = f"{count(len(inside), 'path')}, {human_size(sum(max(sizes(change)) for change in inside))}"
    head = html.run(mark, " ", html.code(label + "/"), " ", html.muted(note))
    return html.details(head, _members(member, opened=opened), opened=opened)


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
