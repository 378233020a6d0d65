"""The twin of a folding tree: every level adds up, however many paths there are, in at most 50 kB."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from dockmagic.layer.entry import Entry, EntryType
from dockmagic.layer.path_index import PathIndex
from dockmagic.layer.toc import LayerTOC
from dockmagic.layer.tree import FileTree
from dockmagic.notebook.folding import folding_html
from dockmagic.notebook.reprs.image import file_tree
from dockmagic.notebook.views.changes import changes_html

if TYPE_CHECKING:
    from dockmagic.layer.compare import Change

_MANY = 3_000
_LIMIT = 50_000
_MB = 1_000_000


def _tree() -> FileTree:
    entries = []
    for number in range(_MANY):
        place = f"usr/lib/python3/site-packages/package{number % 60}/module{number % 7}/"
        parts = place.rstrip("/").split("/")
        entries += [Entry("/".join(parts[:end]).encode(), EntryType.DIRECTORY) for end in range(1, len(parts) + 1)]
        size = 1000 + number % 60
        entries.append(Entry(f"{place}file{number}<b>.py".encode(), EntryType.REGULAR, size=size, digest=b"x" * 32))
    entries.append(Entry(b"zz-last-by-name", EntryType.REGULAR, size=900 * _MB))
    known = list({entry.name: entry for entry in entries}.values())
    return FileTree.of([LayerTOC(known, frozenset(), (), (), (), 0)])


def _added(tree: FileTree) -> list[Change]:
    from dockmagic.layer.compare import compare

    return compare(FileTree.of(()), tree)


def test_the_biggest_comes_first_whatever_its_name() -> None:
    """A diff of 900 MB once read as the few megabytes of its first 400 paths."""
    shown = changes_html(_added(_tree()))
    assert shown.index("zz-last-by-name") < shown.index("usr")
    assert "900MB" in shown


def test_twins_of_many_paths_are_small_and_closed_by_what_they_leave_out() -> None:
    """At most 50 kB, as a notebook saves it; three levels at most."""
    tree = _tree()
    for shown in (changes_html(_added(tree)), file_tree(tree)["text/html"]):
        assert len(json.dumps(shown)) <= _LIMIT
        assert "others: " in shown
        assert max(_depths(shown)) <= 3


def test_every_level_adds_up_to_its_parent() -> None:
    """Counts of paths are whole numbers, so they show it: lines of a level make the number at its head."""
    tree = _tree()
    index = PathIndex.of_tree(tree)
    shown = folding_html(index, budget=40, note=lambda number: "1 path" if number else "")
    text = re.sub(r"<code[^>]*>[^<]*</code>", "", shown)
    head = re.compile(r"<details><summary>[^<]*<span[^>]*>([\d,]+) paths?,[^<]*</span></summary><ul[^>]*>")
    checked = 0
    for found in head.finditer(text):
        assert _number(found[1]) == sum(_lines(text, found.end()))
        checked += 1
    assert checked >= 2


def _lines(text: str, at: int) -> list[int]:
    """How many paths each line of the list that begins at `at` stands for."""
    counts, depth, fresh = [], 1, False
    for token in re.finditer(r"<ul|</ul>|<li>|<details>|([\d,]+) paths?\b", text[at:]):
        word = token[0]
        if word == "<ul":
            depth += 1
        elif word == "</ul>":
            depth -= 1
            if not depth:
                return counts
        elif word == "<li>":
            fresh = depth == 1
        elif token[1] and fresh:
            counts.append(_number(token[1]))
            fresh = False
    raise AssertionError("a list without an end")


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _depths(shown: str) -> list[int]:
    depth, found = 0, []
    for tag in re.findall(r"<ul|</ul>", shown):
        depth += 1 if tag == "<ul" else -1
        found.append(depth)
    return found
