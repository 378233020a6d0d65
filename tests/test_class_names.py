"""Public class names mean one thing each."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import dockmagic

#: Names that stand for two classes, each with the reason why both are called so.
SYNONYMS = {
    "Volume": "a volume, and the Dockerfile instruction VOLUME: instructions are classes of their own keyword",
}


def test_no_two_public_classes_have_the_same_name() -> None:
    """Each is found by its name alone; the few synonyms have a reason, and leave the list when they clash no more."""
    count = Counter(
        node.name
        for path in Path(dockmagic.__file__).parent.rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in count.items() if times > 1} == set(SYNONYMS)
