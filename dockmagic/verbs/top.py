"""``top``: the processes of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import ProcessRow

from .command import argument, verb
from .listing import listing
from .options import form

if TYPE_CHECKING:
    from .door import Door
    from .result import Result

__all__ = ["command"]


@verb("top", "[OPTIONS] CONTAINER", ("top web", "with their numbers on this machine"), returns="ProcessRow")
@argument("name", metavar="CONTAINER")
@form
def command(door: Door, name: str, form: str | None) -> Result:
    """Display the running processes of a container."""
    rows = door.engine.containers.processes(door.engine.containers.get(name))
    return listing(rows, ProcessRow, form=form, whole=True)
