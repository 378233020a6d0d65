"""Docker's lines for what was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.commands.cmdline.result import Table
from dockmagic.oci.errors import InvalidInput
from dockmagic.rows import RemovedRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.commands.cmdline.context import CommandContext
    from dockmagic.image.actions import Removal
    from dockmagic.oci.errors import DockmagicError

__all__ = ["confirmed", "removed"]


def removed(
    removals: Iterable[Removal],
    *,
    title: str = "",
    notes: tuple[str, ...] = (),
    errors: tuple[DockmagicError, ...] = (),
) -> Table:
    """The table of what was removed: ``Untagged: …`` and ``Deleted: …``, under a title in docker's lower case."""
    rows = tuple(
        RemovedRow(action=action, name=name)
        for removal in removals
        for action, names in (("Untagged", removal.untagged), ("Deleted", removal.deleted))
        for name in names
    )
    lines = tuple(f"{row.action.lower() if title else row.action}: {row.name}" for row in rows)
    if title and lines:
        lines = (title, *lines, "")
    return Table(rows, RemovedRow, RemovedRow.shown, notes=notes, lines=lines, errors=errors)


def confirmed(ctx: CommandContext, warning: str) -> bool:
    """Whether the user really wants it.

    Raises:
        InvalidInput: nobody can be asked.
    """
    try:
        answer = ctx.ask(f"WARNING! {warning}\nAre you sure you want to continue? [y/N] ", secret=False)
    except EOFError:
        raise InvalidInput(
            f"nobody can be asked whether to go on: {warning[0].lower()}{warning[1:].rstrip('.')}",
            hint="Add -f to do it",
        ) from None
    return answer.strip().lower() in ("y", "yes")
