"""``cp``: copy files between containers and this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.metadata import CellText
from .cmdline.parameters import argument, flag
from .cmdline.result import Nothing
from .output.format import human_size
from .streams.archive_output import archive_output

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "cp",
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH",
    ("cp web:/etc/hosts .", "out of a container, running or not"),
    ("cp site web:/srv", "a folder into one"),
    ("cp site/. web:/srv", "what is in the folder"),
    ("cp web:/srv - > srv.tar", "as a tar archive"),
    returns="Nothing",
    aliases=("container cp",),
    cell=CellText(read_by=(("source", "-"),)),
)
@argument("source", "container path", "host path", metavar="SRC_PATH")
@argument("target", "container path", "host path", metavar="DEST_PATH")
@flag("-a", "--archive", "keep_owners", help="Archive mode (copy all uid/gid information)")
@flag("-L", "--follow-link", "follow", help="Always follow symbol link in SRC_PATH")
@flag("-q", "--quiet", help="Suppress the message about what was copied")
def command(ctx: CommandContext, source: str, target: str, *, keep_owners: bool, follow: bool, quiet: bool) -> Result:
    """Copy files or folders between a container and this machine."""
    here, there = _end(source), _end(target)
    if bool(here.container) is bool(there.container):
        what = (
            "copying between containers is not supported"
            if here.container
            else "must specify at least one container source"
        )
        raise InvalidInput(what, hint="Write `cp CONTAINER:PATH PATH` or `cp PATH CONTAINER:PATH`")
    containers = ctx.engine.containers
    if here.container:
        container = containers.get(here.container)
        if target == "-":
            with archive_output(ctx, None, command="cp") as out:
                containers.copy_from(container, here.path, out, follow=follow)
            return Nothing()
        size = containers.copy_from(container, here.path, target, follow=follow, keep_owners=keep_owners)
        shown = target
    else:
        container = containers.get(there.container)
        if source == "-":
            if ctx.stdin is None:
                raise InvalidInput("there is no archive on standard input", hint="Name a file or a folder")
            containers.copy_to(container, ctx.stdin, there.path, keep_owners=keep_owners)
            return Nothing()
        size = containers.copy_to(container, source, there.path, follow=follow, keep_owners=keep_owners)
        shown = f"{container.name}:{there.path}"
    if not quiet:
        ctx.say(f"Successfully copied {human_size(size)} to {shown}")
    return Nothing()


class _End(NamedTuple):
    container: str
    path: str


def _end(text: str) -> _End:
    """What is before the colon is a container, unless the word begins as a path of this machine does."""
    match = re.fullmatch(r"([^:/.][^:/]*):(.*)", text, re.DOTALL)
    return _End(match[1], match[2] or "/") if match else _End("", text)
