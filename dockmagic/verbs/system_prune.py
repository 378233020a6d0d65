"""``system prune``: everything that nothing uses leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.cleaning import collect
from dockmagic.engine.facts import folder_size

from .command import flag, verb
from .options import long_filters
from .removing import confirmed, removed
from .result import Text
from .shown import human_size

if TYPE_CHECKING:
    from .door import Door
    from .result import Result

__all__ = ["command"]


@verb(
    "system prune",
    "[OPTIONS]",
    ("system prune -f", "nameless images, broken-off downloads, caches"),
    ("system prune -a -f", "all images too"),
    returns="RemovedRow",
)
@flag("-a", "--all", "everything", help="Remove all unused images, not just dangling ones")
@long_filters
@flag("-f", "--force", help="Do not prompt for confirmation")
@flag("--volumes", help="Prune anonymous volumes (there are none)")
def command(
    door: Door,
    filters: tuple[str, ...],
    *,
    everything: bool,
    force: bool,
    volumes: bool,  # noqa: ARG001  (docker's habit)
) -> Result:
    """Remove unused data."""
    which = "all images without at least one container associated to them" if everything else "all dangling images"
    if not force and not confirmed(door, f"This will remove {which}, broken-off downloads and caches."):
        return Text("Total reclaimed space: 0B")
    removal = door.engine.images.prune(all_unused=everything, filters=filters)
    home, size = door.engine.home, removal.size + collect(door.engine.store).size
    for folder in (home.root / "partial", home.root / "cache"):
        size += folder_size(folder)[1]
        for path in tuple(folder.iterdir()) if folder.is_dir() else ():
            home.discard(path)
    home.empty_trash()
    note = f"Total reclaimed space: {human_size(size, 4)}"
    return removed((removal,), title="Deleted Images:", notes=(note,))
