"""What rows are made of: columns, and the kinds of values in them."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (msgspec reads the annotations)
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

import msgspec

__all__ = ["Column", "Kind", "Row", "columns", "frame_columns"]

Kind = Literal[
    "text",
    "words",
    "names",
    "command",
    "size",
    "time",
    "stamp",
    "since",
    "dated",
    "id",
    "digest",
    "count",
    "flag",
    "ok",
    "mode",
    "seconds",
]


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        name: docker's template name, as in ``{{.CreatedSince}}``, in frames and in JSON.
        attribute: of the row.
        header: above the column in printed text, in capitals.
        kind: what the values are. ``size`` is bytes; ``time`` and ``since`` are an aware datetime or None, shown as a
            date or as an age
            (``stamp`` is a date in the form of RFC 3339, ``dated`` an age unless it is that of a reproducible build);
            ``id`` and ``digest`` are digests (an ID is shown as 12 digits unless ``--no-trunc``);
            ``words`` and ``names`` are a tuple of strings, the latter printed without blanks between; ``command`` is a
            command line, printed in quotes; ``count`` an integer; ``flag`` a bool (``ok`` is one that docker prints as
            ``[OK]``); ``mode`` st_mode bits; ``seconds`` a length of time; ``text`` a string.
        absent: what is printed for None.
    """

    name: str
    attribute: str
    header: str
    kind: Kind = "text"
    absent: str = "N/A"


_INITIALS = frozenset(("id", "uid", "gid", "pid", "ppid", "url"))


def _name(attribute: str) -> str:
    words = (word.upper() if word in _INITIALS else word for word in attribute.split("_"))
    return "".join(word[0].upper() + word[1:] for word in words)


class Row(msgspec.Struct, frozen=True, rename=_name, kw_only=True):
    """Base of the rows. `table_columns` names every column, those that are not shown by default too."""

    table_columns: ClassVar[tuple[Column, ...]] = ()
    #: Names of the columns that are printed unless flags say otherwise.
    shown: ClassVar[tuple[str, ...]] = ()
    #: What docker's templates have besides and has no meaning here: name → the text for it.
    constants: ClassVar[Mapping[str, str]] = MappingProxyType({})


def columns(row_type: type[Row], names: tuple[str, ...] | None = None) -> tuple[Column, ...]:
    """The columns of a row type by `names`, else those shown by default."""
    by_name = {column.name: column for column in row_type.table_columns}
    return tuple(by_name[name] for name in (row_type.shown if names is None else names))


def frame_columns(row_type: type[Row], shown: tuple[str, ...] | None = None) -> tuple[Column, ...]:
    """The columns of a data frame, whatever library it is of: those shown, with a date where docker's table has an age.

    Args:
        row_type: of the rows.
        shown: names of columns, in order; None for those that the type shows by default.

    Raises:
        KeyError: the type has no such column.
    """
    found = (_stable(column, row_type) for column in columns(row_type, shown))
    return tuple({column.name: column for column in found}.values())


def _stable(column: Column, row_type: type[Row]) -> Column:
    if column.kind not in ("since", "dated"):
        return column
    instead = next((other for other in row_type.table_columns if _same_time(other, column)), None)
    return instead or column


def _same_time(other: Column, column: Column) -> bool:
    return other.kind in ("time", "stamp") and other.attribute == column.attribute
