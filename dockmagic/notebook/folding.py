"""The static twin of a folding tree: sums over everything, rows for the biggest folders, no script.

A budget of rows is spent on the biggest folders, at most three levels deep; what is left out of a folder closes it in
one line, so that the lines of every level add up to what stands at its head.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import human_size

from . import html
from .text import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.layer.path_index import PathIndex

__all__ = ["bytes_note", "folding_html"]

_LEVELS: Final = 3
_PER_FOLDER: Final = 12


def folding_html(
    index: PathIndex,
    *,
    budget: int,
    note: Callable[[int], object],
    mark: Callable[[int], object] = lambda _: html.NOTHING,
    opened: bool = False,
) -> html.Markup:
    """A tree that opens folder by folder.

    Args:
        index: the paths.
        budget: so many rows at most, "others" not counted.
        note: what stands behind the name of a path that is no open folder.
        mark: what stands before it.
        opened: whether folders are open at the start.
    """
    shown = _spend(index, budget)

    def level(folder: int) -> html.Markup:
        lines = [line(number) for number in shown[folder]]
        rest = index.members(folder)[len(shown[folder]) :]
        if rest:
            paths = sum(index.count[one] for one in rest)
            size, lost = sum(index.size[one] for one in rest), sum(index.lost[one] for one in rest)
            lines.append(html.muted(f"others: {count(paths, 'path')}, {bytes_note(size, lost)}"))
        return html.branches(lines)

    def line(number: int) -> html.Markup:
        inner = _descend(index, number)
        label = index.names[inner][len(index.names[index.parent(number)]) :].lstrip(b"/").decode("utf-8", "replace")
        if not index.is_folder(inner):
            return html.run(mark(inner), html.code(label), " ", html.muted(note(inner)))
        inside = f"{count(index.count[inner], 'path')}, {bytes_note(index.size[inner], index.lost[inner])}"
        head = html.run(mark(inner), html.code(label + "/"), " ", html.muted(inside))
        return html.details(head, level(inner), opened=opened) if inner in shown else head

    return level(0)


def bytes_note(size: int, lost: int) -> str:
    """``258MB``; with bytes that went, ``258MB, -3MB``."""
    return f"{human_size(size)}, -{human_size(lost)}" if lost else human_size(size)


def _descend(index: PathIndex, number: int) -> int:
    """The end of a chain of folders with one member each, which is one line."""
    while len(members := index.members(number)) == 1 and _is_passage(index, number, members[0]):
        number = members[0]
    return number


def _is_passage(index: PathIndex, folder: int, member: int) -> bool:
    own, inner = index.items[folder], index.items[member]
    if own is None:
        return True
    letter = getattr(own, "letter", "")
    return index.is_folder(member) and (inner is None or getattr(inner, "letter", "") == letter)


def _spend(index: PathIndex, budget: int) -> dict[int, list[int]]:
    """The folders to open, the biggest first, and the members of each that have a line."""
    shown: dict[int, list[int]] = {}
    waiting = [(0, 0, 1)]
    while waiting:
        _, folder, depth = heapq.heappop(waiting)
        members = index.members(folder)
        if folder and budget <= 0:
            continue
        some = members[: max(1, min(budget, _PER_FOLDER if folder else 2 * _PER_FOLDER))]
        if len(members) == len(some) + 1 and budget > len(some):
            some = members
        shown[folder] = some
        budget -= len(some)
        if depth < _LEVELS:
            for member in some:
                inner = _descend(index, member)
                if index.members(inner):
                    heapq.heappush(waiting, (-index.weight(inner), inner, depth + 1))
    return shown
