"""``system prune``: remove everything that is unused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.cleaning import collect
from dockmagic.engine.folders import folder_size
from dockmagic.rows import RemovedRow

from .cmdline.command import verb
from .cmdline.parameters import flag
from .cmdline.result import Table, Text
from .flags.shared import long_filters
from .output.format import human_size
from .output.rm_output import confirmed

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "system prune",
    "[OPTIONS]",
    ("system prune -f", "containers that do not run, nameless images, build cache, broken-off downloads"),
    ("system prune -a --volumes -f", "all unused images, and anonymous volumes, too"),
    returns="RemovedRow",
)
@flag("-a", "--all", "everything", help="Remove all unused images, not just dangling ones")
@long_filters
@flag("-f", "--force", help="Do not prompt for confirmation")
@flag("--volumes", help="Prune anonymous volumes")
def command(ctx: CommandContext, filters: tuple[str, ...], *, everything: bool, force: bool, volumes: bool) -> Result:
    """Remove unused data."""
    which = "all images without at least one container associated to them" if everything else "all dangling images"
    more = "anonymous volumes not used by at least one container, " if volumes else ""
    warning = f"This will remove all stopped containers, {more}{which}, unused build cache and broken-off downloads."
    if not force and not confirmed(ctx, warning):
        return Text("Total reclaimed space: 0B")
    engine, home = ctx.engine, ctx.engine.home
    containers, size = engine.containers.prune(filters=filters)
    found = {"Deleted Containers:": containers}
    if volumes:
        found["Deleted Volumes:"], freed = engine.volumes.prune(filters=_only(filters, "label"))
        size += freed
    removal = engine.images.prune(all_unused=everything, filters=filters)
    cache = engine.builds.prune(filters=_only(filters, "until"))
    found["Deleted Images:"] = (
        *(f"untagged: {name}" for name in removal.untagged),
        *(f"deleted: {name}" for name in removal.deleted),
    )
    found["Deleted build cache:"] = tuple(record.key for record in cache.records)
    size += removal.size + cache.size + collect(engine.store).size
    for folder in (home.root / "partial", home.root / "cache"):
        size += folder_size(folder)[1]
        for path in tuple(folder.iterdir()) if folder.is_dir() else ():
            home.discard(path)
    home.empty_trash()
    rows = tuple(_row(line) for lines in found.values() for line in lines)
    lines = tuple(line for title, names in found.items() if names for line in (title, *names, ""))
    note = f"Total reclaimed space: {human_size(size, 4)}"
    return Table(rows, RemovedRow, RemovedRow.shown, notes=(note,), lines=lines)


def _only(filters: tuple[str, ...], key: str) -> tuple[str, ...]:
    return tuple(text for text in filters if text.startswith(key))


def _row(line: str) -> RemovedRow:
    action, separator, name = line.partition(": ")
    return RemovedRow(action=action.capitalize(), name=name) if separator else RemovedRow(action="Deleted", name=line)
