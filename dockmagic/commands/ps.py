"""``ps``: list containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import ContainerRow

from .cmdline.command import verb
from .cmdline.parameters import flag, option
from .flags.shared import all_digits, filters, form
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_SIZES = ("Size", "VirtualSize")


@verb(
    "ps",
    "[OPTIONS]",
    ("ps", "containers that run"),
    ("ps -a", "those that do not, too"),
    ("ps -a -s", "with the bytes of their writable layers"),
    ("ps -q --filter name=web", "IDs of those whose name has web in it"),
    ("ps -a --format 'table {{.Names}}\\t{{.Status}}'", "columns of your own"),
    returns="ContainerRow",
    aliases=("container list", "container ls", "container ps"),
    magic=True,
)
@flag("-a", "--all", "everything", help="Show all containers (default shows just running)")
@filters
@form
@option("-n", "--last", type=int, default=-1, help="Show n last created containers (includes all states)")
@flag("-l", "--latest", help="Show the latest created container (includes all states)")
@all_digits
@flag("-q", "--quiet", help="Only display container IDs")
@flag("-s", "--size", "sizes", help="Display total file sizes")
def command(
    ctx: CommandContext,
    *,
    filters: tuple[str, ...],
    form: str | None,
    last: int,
    everything: bool,
    latest: bool,
    whole: bool,
    quiet: bool,
    sizes: bool,
) -> Result:
    """List containers."""
    wants_sizes = sizes or (form is not None and (".Size" in form or ".VirtualSize" in form))
    rows = ctx.engine.containers.rows(
        everything=everything, last=1 if latest else max(0, last), filters=filters, sizes=wants_sizes and not quiet
    )
    shown = (*ContainerRow.shown, *_SIZES) if sizes else None
    return listing(rows, ContainerRow, shown=shown, form=form, whole=whole, quiet="ID" if quiet and not form else "")
