"""Typed rows become a pandas DataFrame, with the columns that the verb shows under docker's template names.

What a column holds follows from its kind: integer bytes that show as ``79.6MB``, whole digests that show short, aware
datetimes. An age ("3 weeks ago") would be another one tomorrow, so where docker's table has ``CreatedSince`` the frame
has ``CreatedAt``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dockmagic.oci.printable import printable

from . import dtypes as _dtypes  # noqa: F401  (registers the dtypes that are named below)
from .column import frame_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .column import Column, Row

__all__ = ["frame"]


def frame(
    rows: Sequence[Row], row_type: type[Row], shown: tuple[str, ...] | None = None, *, whole: bool = False
) -> pd.DataFrame:
    """A DataFrame of `rows`.

    Args:
        rows: all of type `row_type`.
        row_type: says which columns there are, also where there are no rows.
        shown: names of columns, in order; None for those that the type shows by default.
        whole: show digests whole, too (``--no-trunc``).
    """
    return pd.DataFrame(
        {
            column.name: _series(column, [getattr(row, column.attribute) for row in rows], whole=whole)
            for column in frame_columns(row_type, shown)
        }
    )


def _series(column: Column, values: list[Any], *, whole: bool) -> Any:  # noqa: PLR0911  (one return for each kind)
    match column.kind:
        case "size" | "mode":
            return pd.array(values, dtype=column.kind)
        case "id" | "digest":
            return pd.array(values, dtype="string" if whole else "digest")
        case "time" | "stamp" | "since" | "dated":
            return pd.to_datetime(pd.Series(values, dtype="object"), utc=True).dt.as_unit("s")
        case "words" | "names":
            return pd.Series([", ".join(map(printable, words)) for words in values], dtype="str")
        case "count":
            return pd.array(values, dtype="Int64" if None in values else "int64")
        case "seconds":
            return pd.array(values, dtype="float64")
        case "flag":
            return pd.array(values, dtype="boolean" if None in values else "bool")
        case _:
            return pd.Series([value if value is None else printable(str(value)) for value in values], dtype="str")
