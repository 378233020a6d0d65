"""``diff``: anything beside anything."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.engine.describe import change_rows, difference_rows
from dockmagic.rows import ChangeRow, DifferenceRow

from .command import argument, flag, option, verb
from .listing import listing
from .options import all_digits, form, platform, platform_of, tell_remote
from .result import Text
from .shown import human_size

if TYPE_CHECKING:
    from dockmagic.image.analysis import Diff

    from .door import Door
    from .result import Result

__all__ = ["command"]


@verb(
    "diff",
    "[OPTIONS] IMAGE [IMAGE]",
    ("diff ubuntu:22.04 ubuntu:24.04", "which files differ between two images"),
    ("diff 'python:3.12[2]'", "what one layer does to those below"),
    ("diff 'app[0:3]' 'app[0:5]'", "two ranges of layers"),
    ("diff --text /etc/os-release ubuntu:22.04 ubuntu:24.04", "one file, line by line"),
    ("diff --config --history app:1 app:2", "configuration and history instead of files"),
    returns="ChangeRow",
)
@argument("old", metavar="IMAGE")
@argument("new", required=False, metavar="[IMAGE]")
@option("--path", metavar="PATH", help="Only this path and what is below it")
@option("--text", "text_of", metavar="PATH", help="Show how the lines of this file differ")
@flag("--config", help="Show how the configuration differs")
@flag("--history", help="Show how the history differs")
@platform
@form
@all_digits
@flag("-q", "--quiet", help="Only show paths")
def command(
    door: Door,
    *,
    old: str,
    new: str | None,
    path: str | None,
    text_of: str | None,
    platform: str | None,
    form: str | None,
    config: bool,
    history: bool,
    whole: bool,
    quiet: bool,
) -> Result:
    """Show what differs between two images, layers (IMAGE[2]) or ranges of layers (IMAGE[0:3]).

    With one of them, show what it does to the layers below.
    """
    find = partial(
        door.engine.images.find_subject, platform=platform_of(platform), on_remote=partial(tell_remote, door)
    )
    difference = door.engine.images.diff(find(old).part, find(new).part if new else None)
    if text_of:
        return Text(difference.text(text_of))
    if config or history:
        rows = difference_rows("config", difference.config) if config else ()
        rows += difference_rows("history", difference.history) if history else ()
        return listing(rows, DifferenceRow, form=form, whole=whole, subject=difference)
    changes = change_rows(difference.files)
    if path:
        below = "/" + path.strip("/")
        changes = tuple(row for row in changes if row.path == below or row.path.startswith(below.rstrip("/") + "/"))
    notes = () if path or form or quiet else (_total(difference, changes),)
    return listing(
        changes, ChangeRow, form=form, whole=whole, quiet="Path" if quiet else "", subject=difference, notes=notes
    )


def _total(difference: Diff, rows: tuple[ChangeRow, ...]) -> str:
    letters = [row.change for row in rows]
    counts = f"{letters.count('A')} added, {letters.count('C')} changed, {letters.count('D')} deleted"
    bytes_ = f"{human_size(difference.added)} came, {human_size(difference.deleted)} went"
    more = [
        f"{len(part)} in the {name} (--{name})"
        for name, part in (("config", difference.config), ("history", difference.history))
        if part
    ]
    return f"Files: {counts}; {bytes_}." + (f" Also: {', '.join(more)}." if more else "")
