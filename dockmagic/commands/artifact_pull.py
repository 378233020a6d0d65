"""``artifact pull``: the files of an artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Lines

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "artifact pull",
    "[OPTIONS] NAME",
    ("artifact pull localhost:5000/data:1", "its files, into this folder"),
    ("artifact pull -o data localhost:5000/app@sha256:…", "one that is attached, by its digest"),
    returns="Lines",
)
@argument("name", "remote tag", "image", metavar="NAME")
@option("-o", "--output", kinds=("host path",), default=".", metavar="string", help="Folder for the files (default .)")
def command(ctx: CommandContext, name: str, output: str) -> Result:
    """Fetch the files of an artifact."""
    return Lines(tuple(str(path) for path in ctx.engine.artifacts.pull(name).save(output)))
