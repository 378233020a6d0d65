"""``diff``: compare images, layers and ranges, or a container with its image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockmagic.engine.describe import change_rows, difference_rows
from dockmagic.engine.image_conditions import Condition
from dockmagic.image.image import Image
from dockmagic.oci.errors import ConditionMet, InvalidInput
from dockmagic.rows import ChangeRow, DifferenceRow, WrittenRow
from dockmagic.rows.packages import PackageChangeRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Table, Text
from .cmdline.target_resolution import container_or_image, noun
from .flags.shared import all_digits, form, platform, platform_of, tell_remote
from .output.format import human_size
from .output.table_output import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockmagic.image.analysis import Diff
    from dockmagic.runtime.container import Container

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "diff",
    "[OPTIONS] CONTAINER|IMAGE [IMAGE]",
    ("diff test", "what a container has added, changed and deleted"),
    ("diff --size test", "with sizes, and the layer whose file each change hides"),
    ("diff ubuntu:22.04 ubuntu:24.04", "which files differ between two images"),
    ("diff 'python:3.12[2]'", "what one layer does to those below"),
    ("diff 'app[0:3]' 'app[0:5]'", "two ranges of layers"),
    ("diff --text /etc/os-release ubuntu:22.04 ubuntu:24.04", "one file, line by line"),
    ("diff --config --history app:1 app:2", "configuration and history instead of files"),
    ("diff --packages app:1 app:2", "packages instead of files: what an update brings"),
    ("diff --fail-if 'size>+10MB' app:1 app:2", "exit code 1 if the image has grown too much, for CI"),
    returns="ChangeRow",
    aliases=("container diff",),
    magic=True,
)
@argument("old", "container", "image", metavar="CONTAINER|IMAGE")
@argument("new", "image", required=False, metavar="[IMAGE]")
@option("--path", metavar="PATH", help="Only this path and what is below it")
@option("--text", "text_of", metavar="PATH", help="Show how the lines of this file differ")
@flag("--config", help="Show how the configuration differs")
@flag("--history", help="Show how the history differs")
@flag("--packages", help="Show which packages differ")
@option("--fail-if", multiple=True, metavar="CONDITION", help="Fail if this is so, such as size>+10MB or waste>5MB")
@flag("-s", "--size", "sizes", help="Of a container: show sizes, and what each change hides")
@platform
@form
@all_digits
@flag("-q", "--quiet", help="Only show paths")
def command(
    ctx: CommandContext,
    *,
    old: str,
    new: str | None,
    path: str | None,
    text_of: str | None,
    platform: str | None,
    form: str | None,
    config: bool,
    history: bool,
    packages: bool,
    fail_if: tuple[str, ...],
    sizes: bool,
    whole: bool,
    quiet: bool,
) -> Result:
    """Show what a container has done to its image, or what differs between two images, layers or ranges of layers.

    IMAGE[2] is a layer, IMAGE[0:3] a range; of one of them alone, show what it does to the layers below.
    """
    subject = container_or_image(ctx, old, noun()) if not new else old.removeprefix("image:")
    if not isinstance(subject, str):
        if text_of or config or history or packages or fail_if:
            raise InvalidInput("of a container, diff shows which files changed", hint="Leave the other flags out")
        return _written(ctx, subject, path, form, sizes=sizes, whole=whole, quiet=quiet)
    conditions = [Condition.parse(text) for text in fail_if]
    old, new = subject, new and new.removeprefix("image:")
    find = partial(ctx.engine.images.find_subject, platform=platform_of(platform), on_remote=partial(tell_remote, ctx))
    difference = ctx.engine.images.diff(find(old).part, find(new).part if new else None)
    result = _compared(
        difference, path=path, text_of=text_of, form=form, config=config, history=history, packages=packages,
        whole=whole, quiet=quiet,
    )  # fmt: skip
    return replace(result, errors=tuple(_met(conditions, difference))) if conditions else result


def _compared(
    difference: Diff,
    *,
    path: str | None,
    text_of: str | None,
    form: str | None,
    config: bool,
    history: bool,
    packages: bool,
    whole: bool,
    quiet: bool,
) -> Table | Text:
    """The part of a difference that is asked for."""
    if text_of:
        return Text(difference.text(text_of))
    if packages:
        if config or history:
            raise InvalidInput("--packages is a table of its own", hint="Leave out --config and --history")
        found = tuple(change.row() for change in difference.packages)
        return listing(found, PackageChangeRow, form=form, quiet="Name" if quiet else "", subject=difference)
    if config or history:
        rows = difference_rows("config", difference.config) if config else ()
        rows += difference_rows("history", difference.history) if history else ()
        return listing(rows, DifferenceRow, form=form, whole=whole, subject=difference)
    changes = change_rows(difference.files)
    if path:
        changes = tuple(row for row in changes if _is_below(row.path, path))
    notes = () if path or form or quiet else (_total(difference, changes),)
    return listing(
        changes, ChangeRow, form=form, whole=whole, quiet="Path" if quiet else "", subject=difference, notes=notes
    )


def _met(conditions: Sequence[Condition], difference: Diff) -> Iterator[ConditionMet]:
    old, new = difference.old, difference.new
    if not (isinstance(old, Image) and isinstance(new, Image)):
        raise InvalidInput("--fail-if compares two images", hint="Name both: `diff --fail-if 'size>+10MB' OLD NEW`")
    for one in conditions:
        if one.holds(old, new):
            yield ConditionMet(f"{one.told(old, new)}, and --fail-if says {one.text}")


def _is_below(path: str, folder: str) -> bool:
    below = "/" + folder.strip("/")
    return path == below or path.startswith(below.rstrip("/") + "/")


def _written(
    ctx: CommandContext,
    container: Container,
    path: str | None,
    form: str | None,
    *,
    sizes: bool,
    whole: bool,
    quiet: bool,
) -> Result:
    found = ctx.engine.containers.changes(container)
    rows = tuple(row for row in found if not path or _is_below(row.path, path))
    result = listing(rows, WrittenRow, form=form, whole=whole, quiet="Path" if quiet else "", subject=container)
    if sizes or not isinstance(result, Table):
        return result
    # One line each, since a line feed in a name would make a line that tells of another file.
    lines = (f"{row.change} {row.path}".replace("\n", r"\x0a") for row in rows)
    return replace(result, lines=tuple(lines))


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
