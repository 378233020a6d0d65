"""``load``: read images from an archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.protocols import ignore_progress

from .cmdline.command import verb
from .cmdline.metadata import CellText, Transfer
from .cmdline.parameters import flag, option
from .cmdline.result import Transferred
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "load",
    "[OPTIONS]",
    ("load -i ubuntu.tar", "what docker save, podman save or skopeo wrote, compressed or not"),
    ("load -i layout/", "a folder with an OCI image layout"),
    returns="Transferred",
    aliases=("image load",),
    cell=CellText(read_by=(("path", None), ("path", "-"))),
    transfer=Transfer("Loading", of="path"),
)
@option(
    "-i", "--input", "path", kinds=("host path",), metavar="string", help="Read from tar archive file, instead of STDIN"
)
@flag("-q", "--quiet", help="Suppress the load output")
def command(ctx: CommandContext, path: str | None, *, quiet: bool) -> Result:
    """Load images from a tar archive or STDIN."""
    log = Log(ignore_progress if quiet else ctx.on_progress)
    if path in (None, "-"):
        if ctx.stdin is None:
            raise InvalidInput("requested load from stdin, but there is none", hint="Write `load -i FILE`")
        images = ctx.engine.images.load(ctx.stdin, on_progress=log)
    else:
        file = Path(path).expanduser()
        if not file.exists():
            raise InvalidInput(f"there is no file {file}", hint="Name an archive that `save` wrote, or an image layout")
        images = ctx.engine.images.load(file, on_progress=log)
    lines = []
    for image in images:
        lines += [f"Loaded image: {ref.familiar}" for ref in image.names] or [f"Loaded image ID: {image.id}"]
    return Transferred(images, () if quiet else log.rows, tuple(lines))
