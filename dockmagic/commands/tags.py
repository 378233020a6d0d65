"""``tags``: list the tags of a remote repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.images.remote_tags import remote_tags, tag_names
from dockmagic.oci.reference import Reference
from dockmagic.rows import TagRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .cmdline.result import Text
from .flags.shared import all_digits, form
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "tags",
    "[OPTIONS] NAME",
    ("tags ubuntu", "every tag with its aliases, platforms, size and age; nothing is pulled"),
    ("tags -q quay.io/org/app", "names alone, with one request"),
    returns="TagRow",
    magic=True,
)
@argument("name", "remote tag", "image")
@form
@all_digits
@flag("-q", "--quiet", help="Only show names")
def command(ctx: CommandContext, name: str, form: str | None, *, whole: bool, quiet: bool) -> Result:
    """List the tags of a repository in its registry."""
    ref = Reference.parse(name)
    if quiet:
        return Text("\n".join(tag_names(ctx.engine, ref)))
    return listing(remote_tags(ctx.engine, ref), TagRow, form=form, whole=whole)
