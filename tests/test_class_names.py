"""Public class names mean one thing each."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import dockmagic

#: Names that still stand for several classes. This list may only shrink: rename one of them, and take it out.
CLASHES = {
    "Copy",
    "Difference",
    "Entry",
    "Expansion",
    "Folder",
    "Healthcheck",
    "Limits",
    "Lines",
    "Mount",
    "Origin",
    "Output",
    "Owner",
    "Place",
    "Progress",
    "Record",
    "Repository",
    "Rule",
    "Secret",
    "Source",
    "State",
    "Streams",
    "Table",
    "Volume",
}


def test_no_two_public_classes_have_the_same_name() -> None:
    """But those that did before; one that clashes no more leaves the list."""
    count = Counter(
        node.name
        for path in Path(dockmagic.__file__).parent.rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in count.items() if times > 1} == CLASHES
