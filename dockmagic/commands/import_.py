"""``import``: make an image of a root file system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.oci.spec import Config

from .cmdline.command import verb
from .cmdline.metadata import CellText, Transfer
from .cmdline.parameters import argument, option
from .cmdline.result import Transferred
from .flags.shared import platform, platform_of
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "import",
    "[OPTIONS] file|- [REPOSITORY[:TAG]]",
    ("import rootfs.tar app:base", "one layer of what the archive has"),
    ("import -c 'CMD [\"/bin/sh\"]' -c 'ENV A=1' rootfs.tar.gz app", "with a configuration"),
    returns="Transferred",
    aliases=("image import",),
    cell=CellText(read_by=(("source", "-"),)),
    transfer=Transfer("Importing", of="source", silent=()),
)
@argument("source", "host path", metavar="file|-")
@argument("name", required=False, default="", metavar="[REPOSITORY[:TAG]]")
@option("-c", "--change", "changes", multiple=True, metavar="list", help="Apply Dockerfile instruction to the image")
@option("-m", "--message", default="", metavar="string", help="Set commit message for imported image")
@platform
def command(
    ctx: CommandContext, *, source: str, name: str, changes: tuple[str, ...], message: str, platform: str | None
) -> Result:
    """Import the contents of a tar archive to make an image of one layer."""
    config = None
    if changes:
        from dockmagic.image.instructions import apply_changes

        config = apply_changes(Config(), changes)
    wanted = platform_of(platform)
    message = message or f"Imported from {source}"
    log = Log(ctx.on_progress)
    if source == "-":
        if ctx.stdin is None:
            raise InvalidInput("there is no standard input", hint="Name a file")
        image = ctx.engine.images.import_rootfs(
            ctx.stdin, name, config=config, message=message, platform=wanted, on_progress=log
        )
    else:
        if source.startswith(("http://", "https://")):
            raise NotSupported("import reads files, not URLs", hint="Download it first, and import the file")
        file = Path(source).expanduser()
        if not file.is_file():
            raise InvalidInput(f"there is no file {file}", hint="Name a tar archive, or - for standard input")
        with file.open("rb") as stream:
            image = ctx.engine.images.import_rootfs(
                stream, name, config=config, message=message, platform=wanted, on_progress=log
            )
    return Transferred((image,), log.rows, (str(image.id),))
