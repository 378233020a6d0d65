"""What the text twins have in common."""

from __future__ import annotations

from typing import Final

from dockmagic.oci.counting import count
from dockmagic.oci.printable import printable

__all__ = ["PROG", "count", "indent", "printable"]

#: How the user addresses the commands of a cell.
PROG: Final = "%docker"


def indent(lines: str, by: str = "  ") -> str:
    """Every line moved to the right."""
    return "\n".join(by + line for line in lines.splitlines())
