"""Hints name commands so that they can be pasted: with the program's name that the front end goes by."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dockmagic
from dockmagic.commands.cmdline import unsupported, unsupported_flags
from dockmagic.commands.cmdline.routing import find
from dockmagic.commands.cmdline.table import ALIASES, VERBS, load
from dockmagic.engine.options import build_unsupported, container
from dockmagic.oci.errors import Conflict, DockmagicError
from dockmagic.oci.hints import with_program

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(dockmagic.__path__[0])
_COMMAND = re.compile(r"`([^`]+)`")
_NAMES = "|".join(map(re.escape, sorted((*VERBS, *ALIASES), key=len, reverse=True)))
#: A verb where a command is told, with more words or flags, or alone at the end: "Remove it: rm -f NAME".
_TOLD = re.compile(rf"(?:^|: |\b(?:with|Type|Write|See|see|ask|use) )({_NAMES})(?= -|$| [A-Z§])")
#: No commands of ours: the program of a shell.
_ENGLISH = ("export DOCKMAGIC_SAMPLES",)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "§" for part in node.values)  # type: ignore[misc]
    return None


def _whole_texts(node: ast.AST) -> Iterator[str]:
    text = _text(node)
    if text is not None:
        yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from _whole_texts(child)


def _written() -> Iterator[tuple[str, str]]:
    """Every hint of the source, with its place."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            value: ast.AST | None = None
            if isinstance(node, ast.keyword) and node.arg == "hint":
                value = node.value
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                name = getattr(target, "id", getattr(target, "attr", ""))
                value = node.value if "hint" in name.lower() else None
            for text in _whole_texts(value) if value is not None else ():
                yield f"{path.relative_to(_PACKAGE)}:{getattr(value, 'lineno', 0)}", text
    tables = (unsupported._VERBS, unsupported_flags.FLAGS, build_unsupported.REFUSED_KEYWORDS, container.REFUSED)
    for table in (*tables, *(load(verb).refused for verb in VERBS)):
        for name, (_, instead) in table.items():
            yield name, instead


def test_every_command_in_a_hint_stands_in_backquotes() -> None:
    """So that a front end can put its name before it."""
    bare = [
        (place, text)
        for place, text in _written()
        if _TOLD.search(_COMMAND.sub("", text)) and not any(word in text for word in _ENGLISH)
    ]
    assert not bare, "\n".join(map(str, bare))


def test_every_command_in_a_hint_is_one() -> None:
    """A verb that there is, and flags that it has."""
    seen = 0
    for place, text in _written():
        for command in _COMMAND.findall(text):
            words = command.split()
            if words[0].startswith(("FROM", "RUN", "ONBUILD", "§")):
                continue
            _, verb, rest = find(words, prog="dockmagic")
            flags = {name for parameter in verb.params for name in (*parameter.opts, *parameter.secondary_opts)}
            own = rest[: rest.index("CONTAINER")] if verb.takes_command and "CONTAINER" in rest else rest
            given = [word for word in own if word.startswith("-") and word not in {*flags, "--help"}]
            unknown = [word for word in given if word[:2] == "--" or not {f"-{one}" for one in word[1:]} <= flags]
            assert not unknown, (place, command)
            seen += 1
    assert seen > 60


@pytest.mark.parametrize("prog", ["dockmagic", "%docker"])
def test_a_hint_is_told_as_it_can_be_pasted(prog: str) -> None:
    """In a terminal as in a cell."""
    error = Conflict("the container web is not running", hint="Start it: `start web`")
    assert error.told(prog) == f"the container web is not running. Start it: {prog} start web."
    assert with_program("`pull a` or `push b`", prog) == f"{prog} pull a or {prog} push b"


def test_an_error_that_reaches_python_names_the_command_of_a_shell() -> None:
    """There is no cell that would understand ``%docker``."""
    assert str(DockmagicError("gone", hint="See `ps -a`")) == "gone. See dockmagic ps -a."
