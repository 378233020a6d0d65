"""xterm.js, from the wheel of notebook-terminal: nothing of it is in this repository, and no node is needed.

That wheel has xterm.js and its fit add-on in one ECMAScript module that exports only its own widget. Here the two
classes are exported in its place; their names are found by how that widget makes its terminal.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["Xterm", "xterm"]

_CARRIER: Final = "notebook-terminal"
_FOLDER: Final = "notebook_terminal/static"
_MADE = re.compile(r"=new ([\w$]+)\(\{cursorBlink\b.*?\bfit=new ([\w$]+)[;,(]", re.DOTALL)
_EXPORT = re.compile(r"export\{[^}]*\};?")
#: Rules for the carrier's own widget.
_OF_CARRIER = re.compile(r"^\.nbterm[^{}]*\{[^{}]*\}\n?", re.MULTILINE)


class Xterm(msgspec.Struct, frozen=True):
    """The library for a page.

    Attributes:
        script: a module that exports ``Terminal`` and ``FitAddon``.
        style: its style sheet.
    """

    script: str
    style: str


@lru_cache
def xterm() -> Xterm | None:
    """The library; None if it is not installed, or is not as it is known. The carrier itself is not imported."""
    try:
        found = distribution(_CARRIER)
        folder = Path(str(found.locate_file(_FOLDER)))
        script, style = ((folder / name).read_text("utf-8") for name in ("widget.js", "all.css"))
    except (PackageNotFoundError, OSError):
        return None
    made, exported = _MADE.search(script), _EXPORT.search(script)
    if made is None or exported is None:
        return None
    names = f"export{{{made[1]} as Terminal,{made[2]} as FitAddon}};"
    return Xterm(script[: exported.start()] + names + script[exported.end() :], _OF_CARRIER.sub("", style))
