"""What the text twins have in common."""

from __future__ import annotations

__all__ = ["count", "indent", "printable"]


def count(number: int, one: str, many: str = "") -> str:
    """``1 file``, ``3 files``, ``50,000 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def indent(lines: str, by: str = "  ") -> str:
    """Every line moved to the right."""
    return "\n".join(by + line for line in lines.splitlines())


def printable(text: str) -> str:
    r"""`text` with what no terminal or page can take (lone surrogates, control characters) written as ``\xNN``."""
    if text.isprintable():
        return text
    raw = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        character if character.isprintable() or character in "\n\t" else f"\\x{ord(character):02x}" for character in raw
    )
