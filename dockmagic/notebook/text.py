"""What the text twins have in common."""

from __future__ import annotations

from dockmagic.oci.printable import printable

__all__ = ["count", "indent", "printable"]


def count(number: int, one: str, many: str = "") -> str:
    """``1 file``, ``3 files``, ``50,000 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def indent(lines: str, by: str = "  ") -> str:
    """Every line moved to the right."""
    return "\n".join(by + line for line in lines.splitlines())
