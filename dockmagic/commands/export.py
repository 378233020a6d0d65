"""``export``: write a root file system as one tar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Nothing
from .cmdline.target_resolution import container_or_image, noun
from .flags.shared import platform, platform_of, tell_remote
from .streams.archive_output import archive_output

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "export",
    "[OPTIONS] CONTAINER|IMAGE",
    ("export -o rootfs.tar test", "a container's whole file system, without its volumes"),
    ("export -o rootfs.tar ubuntu", "the merged view of the image's layers"),
    returns="Nothing",
    aliases=("container export",),
)
@argument("name", "container", "image", metavar="CONTAINER|IMAGE")
@option("-o", "--output", kinds=("host path",), metavar="string", help="Write to a file, instead of STDOUT")
@platform
def command(ctx: CommandContext, name: str, output: str | None, platform: str | None) -> Result:
    """Export a container's or an image's file system as a tar archive."""
    subject = container_or_image(ctx, name, noun())
    if not isinstance(subject, str):
        with archive_output(ctx, output, command="export") as out:
            ctx.engine.containers.export(subject, out)
        return Nothing()
    found = ctx.engine.images.find(subject, platform=platform_of(platform), on_remote=partial(tell_remote, ctx))
    with archive_output(ctx, output, command="export") as out:
        ctx.engine.images.export_rootfs(found, out)
    return Nothing()
