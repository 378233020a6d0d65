"""``volume ls``: list volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import VolumeRow

from .cmdline.command import verb
from .cmdline.parameters import flag
from .flags.shared import filters, form
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "volume ls",
    "[OPTIONS]",
    ("volume ls", "every volume"),
    ("volume ls -q --filter dangling=true", "names of those that no container uses"),
    returns="VolumeRow",
    aliases=("volume list",),
)
@filters
@form
@flag("-q", "--quiet", help="Only display volume names")
def command(ctx: CommandContext, filters: tuple[str, ...], form: str | None, *, quiet: bool) -> Result:
    """List volumes."""
    rows = ctx.engine.volumes.rows(filters=filters, sizes=form is not None and ".Size" in form)
    return listing(rows, VolumeRow, form=form, quiet="Name" if quiet and not form else "")
