"""HTML whose elements are closed in the order in which they were opened."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

__all__ = ["WellFormed"]

_VOID: Final = {"br", "hr", "img", "input"}


class WellFormed(HTMLParser):
    """Counts elements that are opened and never closed, or closed in another order.

    Attributes:
        open: those that were never closed.
        wrong: those that were closed and not open.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  (the base class's signature)
        """One is opened."""
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """One is closed."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)
