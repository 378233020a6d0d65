"""Do one thing to each of several containers: a failure of one does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError

from .result import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["each"]


def each(names: Iterable[str], act: Callable[[str], str | None]) -> Lines:
    """Do `act` to each name; the names as they were written, or what `act` returns, one a line.

    Raises:
        DockmagicError: the only one failed.
    """
    lines: list[str] = []
    errors: list[DockmagicError] = []
    wanted = tuple(names)
    for name in wanted:
        try:
            lines.append(act(name) or name)
        except DockmagicError as error:
            if len(wanted) == 1:
                raise
            errors.append(error)
    return Lines(tuple(lines), tuple(errors))
