"""Names of the stages that ``--target`` can mean, for completion: of a Dockerfile that may not be whole yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["stage_names"]

_STAGE: Final = re.compile(r"^\s*FROM\s+.*\sAS\s+([a-z0-9_.-]+)\s*$", re.IGNORECASE | re.MULTILINE)
_LARGEST: Final = 1 << 20


def stage_names(given: Mapping[str, Any], below: str) -> tuple[str, ...]:
    """The stages of the Dockerfile that a build's command line, as far as it is typed, is about.

    Args:
        given: its parameters.
        below: the cell's text below it; empty for a line.
    """
    return tuple(dict.fromkeys(name.lower() for name in _STAGE.findall(below or _text(given))))


def _text(given: Mapping[str, Any]) -> str:
    path = Path(given.get("dockerfile") or Path(given.get("context") or ".") / "Dockerfile").expanduser()
    if not path.is_file() or path.stat().st_size > _LARGEST:
        return ""
    return path.read_text("utf-8", "replace")
