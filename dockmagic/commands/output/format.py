"""How values are printed: docker's sizes, ages, dates and short IDs."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dockmagic.engine.ages import duration
from dockmagic.rows.words import human_size, short_id, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.rows import Column

__all__ = ["age", "date", "human_size", "short_id", "shorten", "show"]

_COMMAND: Final = 20
_MOUNT: Final = 15
_LONG_COLUMNS: Final = ("CreatedBy", "Description", "Old", "New")
#: A step before this is one without a date in docker's history, as reproducible builds make them.
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago: ``3 weeks ago``; ``N/A`` for no date."""
    if moment is None:
        return "N/A"
    return f"{duration(max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds()))} ago"


def date(moment: datetime | None) -> str:
    """A date as Go prints it: ``2024-05-01 10:00:00 +0000 UTC``."""
    if moment is None:
        return "N/A"
    return f"{_utc(moment)} +0000 UTC"


def _utc(moment: datetime) -> str:
    # Not strftime, which writes the year 1 without zeros.
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat(" ")


def _stamp(moment: datetime) -> str:
    return f"{_utc(moment).replace(' ', 'T')}Z"


def _dated(moment: datetime) -> str:
    return age(moment) if moment > _FIRST else "N/A"


def show(column: Column, value: Any, *, whole: bool = False) -> str:
    """One cell of a printed table.

    Args:
        column: the cell's column.
        value: as it stands in the row.
        whole: IDs and long text as they are (``--no-trunc``).
    """
    if value is None:
        return column.absent
    if column.name == "Mounts" and not whole:
        return ",".join(shorten(mount, _MOUNT) for mount in value)
    if column.kind in ("text", "id"):
        return _text(column, str(value), whole=whole)
    if column.kind == "command":
        return json.dumps(value if whole else shorten(value, _COMMAND), ensure_ascii=False)
    return _SHOW[column.kind](value)


def _text(column: Column, value: str, *, whole: bool) -> str:
    if column.kind == "id":
        return value if whole else short_id(value)
    line = value.replace("\t", " ").replace("\n", " ")
    return line if whole or column.name not in _LONG_COLUMNS else shorten(line)


_SHOW: Final[dict[str, Callable[[Any], str]]] = {
    "count": str,
    "dated": _dated,
    "digest": str,
    "flag": lambda value: "yes" if value else "no",
    "mode": stat.filemode,
    "ok": lambda value: "[OK]" if value else "",
    "seconds": "{:.1f}s".format,
    "since": age,
    "size": human_size,
    "stamp": _stamp,
    "time": date,
    "names": ",".join,
    "words": ", ".join,
}
