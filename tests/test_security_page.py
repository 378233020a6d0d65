"""docs/security.md promises what a test holds."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[a-z_/]+\.py)::(\w+)`", PAGE)))
_PROMISE = re.compile(r"^\| (?P<promise>[A-Z`].*?\.) \| (?P<held>.*) \|$", re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    """By this name, in this file."""
    assert name.startswith("test_")
    assert name in names_in(path)


def test_every_promise_names_a_test() -> None:
    """In the table of each adversary, and in no other form that the check would miss."""
    promises = list(_PROMISE.finditer(PAGE))
    assert len(promises) > 30
    for found in promises:
        for name in found["held"].split(", "):
            assert re.fullmatch(r"`tests/[a-z_/]+\.py::test_\w+`", name), found["promise"]


@pytest.mark.parametrize(
    "who", ["image", "program", "Dockerfile", "registry", "page", "user of the machine", "Reporting"]
)
def test_each_adversary_has_a_section(who: str) -> None:
    """And so has how to report a hole."""
    assert re.search(rf"^## .*{who}", PAGE, re.MULTILINE)
