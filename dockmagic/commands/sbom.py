"""``sbom``: the bill of materials of an image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.image.sbom import FORMATS

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Nothing, Text
from .flags.shared import platform, platform_of, tell_remote
from .streams.archive_output import archive_output

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "sbom",
    "[OPTIONS] IMAGE",
    ("sbom --format spdx-json -o app.spdx.json app:1", "SPDX, into a file"),
    ("sbom python:3.12", "CycloneDX, on standard output"),
    returns="Text",
)
@argument("image", "image")
@option("--format", "form", default="cyclonedx-json", metavar="string", help=f"Format: {' or '.join(FORMATS)}")
@option("-o", "--output", kinds=("host path",), metavar="string", help="Write to a file, instead of STDOUT")
@platform
def command(ctx: CommandContext, *, image: str, form: str, output: str | None, platform: str | None) -> Result:
    """Print the packages of an image as a bill of materials, for scanners and for the record.

    The same image gives the same document. It needs the extra `sbom`: pip install 'dockmagic[sbom]'.
    """
    remote = partial(tell_remote, ctx)
    text = ctx.engine.images.find(image, platform=platform_of(platform), on_remote=remote).sbom(form)
    if output in (None, "", "-"):
        return Text(text.rstrip("\n"))
    with archive_output(ctx, output, command="sbom") as out:
        out.write(text.encode())
    return Nothing()
