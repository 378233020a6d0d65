"""``sync``: copy what is missing of a registry's repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.rows import SyncRow

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument, flag
from .cmdline.result import Table
from .flags.shared import all_digits, form
from .output.table_output import listing

if TYPE_CHECKING:
    from dockmagic.oci.errors import DockmagicError

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "sync",
    "[OPTIONS] SOURCE DESTINATION",
    (
        "sync 'docker://localhost:5000/team/*' docker://registry.example.com/mirror",
        "every tag of a team",
    ),
    ("sync 'docker://quay.io/org/app:1.*' oci:mirror", "some tags, into image layouts below a folder"),
    ("sync --dry-run 'docker://localhost:5000/*:latest' dir:backup", "what would be copied"),
    returns="SyncRow",
    transfer=Transfer("Synchronising", of="source", silent=("dry_run",)),
)
@argument("source", metavar="SOURCE")
@argument("destination", metavar="DESTINATION")
@flag("-a", "--all", "--all-platforms", "all_platforms", help="Copy indexes with all their images")
@flag("--dry-run", help="Only say what would be copied")
@form
@all_digits
def command(
    ctx: CommandContext,
    source: str,
    destination: str,
    form: str | None,
    *,
    all_platforms: bool,
    dry_run: bool,
    whole: bool,
) -> Result:
    """Copy what is missing of repositories that a pattern names."""
    errors: list[DockmagicError] = []
    rows = ctx.engine.images.sync(
        source,
        destination,
        all_platforms=all_platforms,
        dry_run=dry_run,
        on_progress=ctx.on_progress,
        on_error=errors.append,
    )
    result = listing(rows, SyncRow, form=form, whole=whole)
    if isinstance(result, Table):
        return replace(result, errors=tuple(errors))
    if errors:
        raise errors[0]
    return result
