"""What all views have in common: rows to go on with, three twins, questions from a page."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from dockmagic.commands.output.table_output import plain_text
from dockmagic.notebook.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from dockmagic.commands.cmdline.result import Table
    from dockmagic.rows import Row

__all__ = ["View", "is_live", "settings_of"]


class View(ABC):
    """Something to look at and to go on with.

    A subclass has `headline`, ``__repr__`` and ``_repr_html_`` (the twins that need no script), and for the script
    `state` and `answer`.

    Args:
        rows: what it shows.
        row_type: their class.
        shown: names of the columns of `frame`.
        text: makes what docker prints of it.
    """

    #: The script in ``static/`` that draws it.
    script: ClassVar[str]

    def __init__(
        self, rows: Sequence[Any], *, row_type: type[Row], shown: tuple[str, ...], text: Callable[[], str]
    ) -> None:
        self.rows = tuple(rows)
        self.row_type = row_type
        self.shown = shown
        self._text = text

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    @property
    def text(self) -> str:
        """As docker prints it."""
        return self._text()

    def __str__(self) -> str:
        return self.text

    def to_frame(self) -> pd.DataFrame:
        """The rows as a DataFrame."""
        from dockmagic.rows.frame import frame

        return frame(self.rows, self.row_type, self.shown)

    frame = to_frame

    def __getitem__(self, key: Any) -> Any:
        """What the frame has there: a column, or the rows that a mask chooses."""
        return self.to_frame()[key]

    def __getattr__(self, name: str) -> Any:
        """A column or method of the frame: ``view.Size.sum()``, ``view.sort_values("Size")``."""
        if name.startswith("_") or name in ("rows", "row_type", "shown"):  # of a view that is half made
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return getattr(self.to_frame(), name)
        except AttributeError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            ) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.shown})

    def json(self) -> Any:
        """The rows as plain data, keyed by docker's template names."""
        return msgspec.to_builtins(list(self.rows), enc_hook=str)  # a digest is a str of its own kind

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What the page is given at the start; plain data."""

    @abstractmethod
    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer what the page asks when something is clicked; plain data both ways."""

    @abstractmethod
    def _repr_html_(self) -> str:
        """The twin that needs no script."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        twins = {"text/plain": printable(repr(self)), "text/html": self._repr_html_()}
        if not is_live():
            return twins
        from .widget import widget_bundle

        return {**widget_bundle(self.script, self.state(), self.answer), **twins}


def is_live() -> bool:
    """Whether somebody could click: there is a kernel, and ``DOCKMAGIC_WIDGETS=0`` does not forbid it."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return getattr(shell, "kernel", None) is not None and os.environ.get("DOCKMAGIC_WIDGETS", "1") != "0"


def settings_of(table: Table) -> dict[str, Any]:
    """The keywords of a `View` that are those of a verb's table."""
    return {"row_type": table.row_type, "shown": table.shown, "text": partial(plain_text, table)}
