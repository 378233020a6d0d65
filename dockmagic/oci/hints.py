"""Commands in hints, written as each front end takes them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["with_program"]

_IN_BACKQUOTES: Final = re.compile(r"`([^`]+)`")


def with_program(text: str, prog: str) -> str:
    """A text whose commands stand in backquotes, with the program's name before each instead: ``dockmagic ps``."""
    return _IN_BACKQUOTES.sub(lambda found: f"{prog} {found[1]}", text)
