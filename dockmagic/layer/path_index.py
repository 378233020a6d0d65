"""Paths as a folding tree: sums of every folder, members in order, windows of rows, search.

It serves pages that ask for the rows in sight, and twins that show the biggest folders, of trees and of changes alike.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any, Final, Literal

from .entry import EntryType
from .tree import sort_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .compare import Change
    from .entry import Entry
    from .tree import FileTree, Node

__all__ = ["Order", "PathIndex"]

Order = Literal["size", "name"]

_UNITS: Final = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_BY_SIZE: Final = re.compile(r"([<>])\s*(\d+(?:\.\d+)?)\s*([kmg]?b?)", re.IGNORECASE)


def _content(node: Node | None) -> int:
    # As docker counts: a hard link has no bytes of its own.
    return node.entry.size if node is not None and node.entry.type is EntryType.REGULAR else 0


class PathIndex:
    """An immutable tree of paths. A path is a number: 0 is the root, and each folder stands before what is in it.

    Attributes:
        names: as in `Entry.name`, by number.
        items: the `Node` or `Change` of each path; None for a folder that is only there for what is in it.
        size: bytes that are there, by number; of a folder the sum over all below it.
        lost: bytes that a change took away or replaced; likewise.
        count: how many ends of paths (files, links, empty folders) there are in a folder and all below it; 1 for such.
    """

    __slots__ = ("_in_order", "_members", "_parents", "count", "items", "lost", "names", "size")

    def __init__(self, rows: Iterable[tuple[bytes, Node | Change, int, int]]) -> None:
        """Take `rows` of name, item, bytes there and bytes lost, in any order."""
        self.names: list[bytes] = [b""]
        self.items: list[Any] = [None]
        self.size: list[int] = [0]
        self.lost: list[int] = [0]
        self.count: list[int] = [0]
        self._parents: list[int] = [0]
        self._members: list[list[int]] = [[]]
        self._in_order: dict[tuple[int, Order], list[int]] = {}
        numbers = {b"": 0}
        for name, item, size, lost in rows:
            number = self._add(name, numbers)
            self.items[number] = item
            self.size[number] += size
            self.lost[number] += lost
        # A number is higher than its folder's, so one pass backwards sums all of them up.
        for number in range(len(self.names) - 1, 0, -1):
            above = self._parents[number]
            self.size[above] += self.size[number]
            self.lost[above] += self.lost[number]
            self.count[number] = self.count[number] or 1
            self.count[above] += self.count[number]

    @classmethod
    def of_tree(cls, tree: FileTree) -> PathIndex:
        """All paths of a tree."""
        return cls((name, node, _content(node), 0) for name, node in tree.nodes.items() if name)

    @classmethod
    def of_changes(cls, changes: Iterable[Change]) -> PathIndex:
        """Changed paths, and the folders that they are in."""
        return cls((one.name, one, _content(one.new), _content(one.old)) for one in changes if one.name)

    def _add(self, name: bytes, numbers: dict[bytes, int]) -> int:
        found = numbers.get(name)
        if found is not None:
            return found
        missing = []
        folder = name
        while folder not in numbers:
            missing.append(folder)
            folder = folder.rpartition(b"/")[0]
        above = numbers[folder]
        for one in reversed(missing):
            number = len(self.names)
            numbers[one] = number
            self.names.append(one)
            self.items.append(None)
            self.size.append(0)
            self.lost.append(0)
            self.count.append(0)
            self._parents.append(above)
            self._members.append([])
            self._members[above].append(number)
            above = number
        return above

    def __len__(self) -> int:
        return len(self.names) - 1

    def parent(self, number: int) -> int:
        """The folder that a path is in."""
        return self._parents[number]

    def label(self, number: int) -> str:
        """The last part of a path, for people; bytes that are not UTF-8 become lone surrogates."""
        return self.names[number].rpartition(b"/")[2].decode("utf-8", "surrogateescape")

    def path(self, number: int) -> str:
        """The absolute path, for people."""
        return "/" + self.names[number].decode("utf-8", "surrogateescape")

    def entry(self, number: int) -> Entry | None:
        """What is there, or was there before it was deleted; None for a folder that nothing says anything of."""
        item = self.items[number]
        if item is None:
            return None
        node = getattr(item, "new", None) or getattr(item, "old", None) or item
        entry: Entry = node.entry
        return entry

    def is_folder(self, number: int) -> bool:
        """Whether it is a directory, or there is something in it."""
        entry = self.entry(number)
        return bool(self._members[number]) or entry is None or entry.is_dir

    def weight(self, number: int) -> int:
        """What makes a path big: the bytes that are there and those that went."""
        return self.size[number] + self.lost[number]

    def members(self, number: int, order: Order = "size") -> list[int]:
        """What is in a folder: the biggest first, or by name."""
        key = (number, order)
        found = self._in_order.get(key)
        if found is None:
            found = sorted(self._members[number], key=lambda one: sort_key(self.names[one]))
            if order == "size":
                found.sort(key=lambda one: -self.weight(one))
            self._in_order[key] = found
        return found

    def search(self, text: str, letters: Iterable[str] = ()) -> set[int]:
        """The paths that fit, with all folders that they are in.

        Args:
            text: words that all have to fit: a part of the path, letters of any case; a glob with ``*``, ``?`` or
                ``[`` for the last part, or for the path if it has a slash; ``>10MB`` or ``<1kB`` for a file's bytes.
            letters: only changes with one of these letters; none for all.
        """
        wanted = frozenset(letters)
        tests = [self._test(word) for word in _BY_SIZE.sub(r"\1\2\3", text).split()]
        found: set[int] = set()
        for number in range(1, len(self.names)):
            item = self.items[number]
            if item is None or (wanted and getattr(item, "letter", "") not in wanted):
                continue
            if all(test(number) for test in tests):
                at = number
                while at and at not in found:
                    found.add(at)
                    at = self._parents[at]
        return found

    def _test(self, word: str) -> Callable[[int], bool]:
        size = _BY_SIZE.fullmatch(word)
        if size:
            limit = float(size[2]) * _UNITS[size[3].lower()]
            over = size[1] == ">"
            return lambda number: (
                not self._members[number]
                and (self.weight(number) > limit if over else self.weight(number) < limit)
                and not self.is_folder(number)
            )
        if any(mark in word for mark in "*?["):
            fits = re.compile(translate(word.casefold())).match
            if "/" in word:
                return lambda number: fits(self.path(number).casefold()) is not None
            return lambda number: fits(self.label(number).casefold()) is not None
        part = word.casefold()
        return lambda number: part in self.path(number).casefold()

    def rows(
        self, opened: Iterable[int], *, order: Order = "size", only: set[int] | None = None
    ) -> Iterator[tuple[int, int, int, int]]:
        """The rows of a tree of which some folders are open.

        Args:
            opened: numbers of the open folders; the root always is.
            order: of the members of each folder.
            only: leave out all others; None for none.

        Yields:
            Of each row: number, level (1 at the top), place among its siblings (1 the first), how many those are.
        """
        unfolded = set(opened)

        def inside(folder: int) -> list[int]:
            found = self.members(folder, order)
            return found if only is None else [one for one in found if one in only]

        first = inside(0)
        stack = [(iter(enumerate(first, 1)), len(first))]
        while stack:
            siblings, many = stack[-1]
            for place, number in siblings:
                yield number, len(stack), place, many
                if number in unfolded and self._members[number]:
                    below = inside(number)
                    stack.append((iter(enumerate(below, 1)), len(below)))
                    break
            else:
                stack.pop()
