"""What a whiteout is: said in one module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dockmagic
from dockmagic.layer import whiteout
from dockmagic.layer.whiteout import Whiteout, has_whiteout_name, opaque_name, parse_whiteout, whiteout_name


@pytest.mark.parametrize("name", [b"a", b"usr/bin/a", b"usr/.wh", b"a b/\xff"])
def test_the_whiteout_of_a_path_removes_that_path(name: bytes) -> None:
    """What is written is read as what it was written for."""
    parent, _, base = whiteout_name(name).rpartition(b"/")
    assert has_whiteout_name(base)
    assert parse_whiteout(parent, base) == Whiteout(name, opaque=False)
    parent, _, base = opaque_name(name).rpartition(b"/")
    assert has_whiteout_name(base)
    assert parse_whiteout(parent, base) == Whiteout(name, opaque=True)


def test_no_other_module_knows_their_forms() -> None:
    """Neither the reserved names nor overlay's attribute."""
    for path in Path(dockmagic.__file__).parent.rglob("*.py"):
        if path == Path(whiteout.__file__):
            continue
        constants = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        forms = [
            value for value in constants if isinstance(value, (str, bytes)) and len(value) < 30 and _is_form(value)
        ]
        assert not forms, path


def _is_form(value: str | bytes) -> bool:
    text = value if isinstance(value, str) else value.decode(errors="replace")
    return text.startswith(".wh.") or "overlay.opaque" in text
