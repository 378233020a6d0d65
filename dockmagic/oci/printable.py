"""Text from images, programs' names and files, for a terminal or a page: nothing in it is obeyed."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["printable", "without_controls"]

_KEPT: Final = frozenset("\n\t")
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def printable(text: str, *, keep_bytes: bool = False) -> str:
    r"""`text` with what no terminal or page can take, or would obey, written as ``\xNN`` or ``\uNNNN``.

    That is control characters (but for line feeds and tabs), those that change the direction of writing, and bytes
    of names that are not UTF-8, unless `keep_bytes` leaves these to a reader that is no terminal.
    """
    if text.isprintable():
        return text
    if keep_bytes and _has_surrogates(text):
        return "".join(one if "\ud800" <= one <= "\udfff" else printable(one) for one in text)
    raw = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if _has_surrogates(text) else text
    return "".join(
        character if character.isprintable() or character in _KEPT else _escaped(ord(character)) for character in raw
    )


def without_controls(output: str) -> str:
    """What a program wrote, without the colours that it gave it and its other orders to a terminal."""
    return printable(_CONTROL.sub("", output))


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _escaped(code: int) -> str:
    # From 0x7f on JSON has these characters as they are, and there this form means the same.
    return f"\\x{code:02x}" if code < 0x7F else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
