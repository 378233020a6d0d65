"""What a page may ask about a folding tree: windows of rows, the next row by its first letters."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dockmagic.notebook.text import printable

if TYPE_CHECKING:
    from dockmagic.layer.path_index import Order, PathIndex

__all__ = ["TreeAnswers"]

#: So many rows are sent at once at most, whatever a page asks for.
_WINDOW: Final = 300
#: A tree with at most so many paths is open at the start.
_OPEN: Final = 40


class TreeAnswers:
    """Answers questions about one tree; the rows of the latest questions are kept for those that follow.

    Args:
        index: the tree.
    """

    def __init__(self, index: PathIndex) -> None:
        self.index = index
        self._rows = lru_cache(8)(self._listed)
        self._found = lru_cache(8)(index.search)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """``rows`` of a window, or the row to ``find`` by its first letters.

        Every question has ``opened`` (numbers of folders; None at the start), ``order``, ``search`` and ``letters``.
        """
        search, letters = str(question.get("search", ""))[:200], str(question.get("letters", ""))
        opened = question.get("opened")
        if opened is None:
            opened = [one for one in range(len(self.index) + 1) if self.index.members(one)] if self._small else []
        order: Order = "name" if question.get("order") == "name" else "size"
        only = bool(search.strip() or letters)
        if only and question.get("unfold"):
            found = self._found(search, letters)
            opened = [one for one in found if self.index.members(one)][:1000]
        rows = self._rows(frozenset(map(int, opened)), order, search if only else None, letters)
        if question["ask"] == "find":
            return {"place": self._find(rows, str(question["text"]).casefold(), int(question["start"]))}
        start = max(0, int(question.get("start", 0)))
        stop = min(int(question.get("stop", start + _WINDOW)), start + _WINDOW)
        return {
            "start": start,
            "total": len(rows),
            "opened": opened,
            "rows": [self._row(*row) for row in rows[start:stop]],
            "size": self.index.size[0],
            "lost": self.index.lost[0],
            "count": self.index.count[0],
        }

    @property
    def _small(self) -> bool:
        return len(self.index) <= _OPEN

    def _listed(
        self, opened: frozenset[int], order: Order, search: str | None, letters: str
    ) -> list[tuple[int, int, int, int, int]]:
        only = None if search is None else self._found(search, letters)
        rows, at = [], {0: -1}
        for place, (number, level, position, many) in enumerate(self.index.rows(opened, order=order, only=only)):
            rows.append((number, level, position, many, at[level - 1]))
            at[level] = place
        return rows

    def _row(self, number: int, level: int, position: int, many: int, above: int) -> list[Any]:
        index = self.index
        item, entry = index.items[number], index.entry(number)
        folder = index.is_folder(number)
        return [
            number, printable(index.label(number)), level, position, many, above, folder,
            bool(index.members(number)), index.size[number], index.lost[number], index.count[number],
            getattr(item, "letter", ""), getattr(item, "layer", None),
            printable(entry.target) if entry is not None and entry.link else "",
        ]  # fmt: skip

    def _find(self, rows: list[tuple[int, int, int, int, int]], text: str, start: int) -> int:
        for step in range(len(rows)):
            place = (start + step) % len(rows)
            if self.index.label(rows[place][0]).casefold().startswith(text):
                return place
        return -1
