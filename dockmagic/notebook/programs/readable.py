r"""Bytes of a program, as they come, become text that a page can show.

Characters that are cut in two by the end of a piece are put together again, ``\r\n`` of a terminal is a line end,
colours stay (a page draws them), and all other control sequences go: nobody's cursor can move in a cell.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

__all__ = ["Readable", "without_colours"]

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*(?P<final>[@-~])"  # ECMA-48: control sequences, of which only SGR (m) is kept
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # operating system commands, such as a window's title
    r"|[PX^_][^\x1b]*\x1b\\"  # device control and other strings
    r"|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"  # character sets and the rest
)
_LONGEST: Final = 4096  # of an unfinished sequence that is waited for
_CONTROL = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[0-9;:]*m)")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


class Readable:
    """One stream of output on its way to a page."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def text(self, data: bytes, *, final: bool = False) -> str:
        """What of the output can be shown now.

        Args:
            data: the next piece.
            final: nothing comes after it, so nothing is held back.
        """
        text = self._held + self._decoder.decode(data, final)
        self._held = ""
        if not final:
            start = _unfinished(text)
            text, self._held = text[:start], text[start:]
        text = _SEQUENCE.sub(lambda found: found.group() if found["final"] == "m" else "", text)
        return _CONTROL.sub("", text.replace("\r\n", "\n"))


def _unfinished(text: str) -> int:
    """Where at the end of `text` something begins that goes on in the next piece."""
    if text.endswith("\r"):
        return len(text) - 1
    start = text.rfind("\x1b")
    if start > 0 and text.endswith("\x1b"):
        before = text.rfind("\x1b", 0, start)  # it may be the end of a string that began there
        if before >= 0 and _SEQUENCE.match(text, before) is None:
            start = before
    whole = start < 0 or _SEQUENCE.match(text, start) is not None or len(text) - start > _LONGEST
    return len(text) if whole else start


def without_colours(text: str) -> str:
    """`text` of a `Readable` for where colours are not drawn."""
    return _COLOUR.sub("", text)
