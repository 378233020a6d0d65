"""Values as people read them: sizes and short IDs."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["human_size", "instruction", "short_id", "shorten"]

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_STEP: Final = 1000
_SHORT: Final = 12
_LONG_TEXT: Final = 45

_SHELL: Final = re.compile(r"^(?:RUN\s+)?(?:\|\d+\s.*?)?/bin/(?:ba)?sh -c\s+")
_BUILDKIT: Final = re.compile(r"\s*# buildkit\s*$")


def human_size(size: int, digits: int = 3) -> str:
    """`size` bytes in decimal units with so many digits, as docker prints them: ``79.6MB``."""
    value, unit = float(size), 0
    # Rounded first, so that 999,999 bytes are 1MB and not 1e+03kB.
    while abs(float(f"{value:.{digits}g}")) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.{digits}g}{_UNITS[unit]}"


def short_id(digest: str) -> str:
    """The first 12 digits of a digest; words such as ``<missing>`` stay as they are."""
    return digest.removeprefix("sha256:")[:_SHORT] if not digest.startswith("<") else digest


def shorten(text: str, width: int = _LONG_TEXT) -> str:
    """At most `width` characters, the last of them an ellipsis where something is left out."""
    return text if len(text) <= width else text[: width - 1] + "…"


def instruction(created_by: str, width: int = 0) -> str:
    """A history row's ``created_by`` as the Dockerfile had it, at most `width` characters (0: all).

    Docker's classic builder wrote ``/bin/sh -c #(nop)  CMD ["bash"]`` and ``/bin/sh -c apt-get update``.
    """
    line = " ".join(_BUILDKIT.sub("", created_by).split())
    command = _SHELL.sub("", line, count=1)
    if command.startswith("#(nop)"):
        line = command.removeprefix("#(nop)").strip()
    elif command != line:
        line = f"RUN {command}"
    return shorten(line, width) if width else line
