"""Rows of one type, as methods of the engine return them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from dockmagic.oci.counting import count

from .column import Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["Rows"]

_Row = TypeVar("_Row", bound=Row)


class Rows(tuple[_Row, ...]):  # noqa: SLOT001  (a tuple subclass has a dict, or no attribute at all)
    """A tuple of rows that becomes a DataFrame when that is asked for.

    Attributes:
        row_type: class of the rows, known even where there are none.
    """

    row_type: type[Row]

    def __new__(cls, row_type: type[_Row], rows: Iterable[_Row] = ()) -> Rows[_Row]:
        """Rows of one type."""
        made = super().__new__(cls, rows)
        made.row_type = row_type
        return made

    def __repr__(self) -> str:
        return f"<{count(len(self), 'row')}: {', '.join(self.row_type.shown)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Rows, (self.row_type, tuple(self))

    def to_frame(self, columns: tuple[str, ...] | None = None, *, whole: bool = False) -> pd.DataFrame:
        """A pandas DataFrame with docker's column names: sizes in bytes, times as aware datetimes, whole digests.

        Args:
            columns: names, in order, out of all that the rows have; None for those that the verb shows.
            whole: show digests whole, too.

        Raises:
            KeyError: the rows have no such column.
        """
        from .frame import frame

        return frame(self, self.row_type, columns, whole=whole)

    #: The name of earlier versions.
    frame = to_frame
