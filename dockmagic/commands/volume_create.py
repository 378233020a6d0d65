"""``volume create``: make a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import UNREADABLE_FLAG, InvalidInput, NotSupported

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .cmdline.result import Text

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "volume create",
    "[OPTIONS] [VOLUME]",
    ("volume create data", "then: run -v data:/data"),
    returns="Text",
    refused={
        "-o": ("volumes are folders of this machine", "Mount what is mounted already: `run -v /path:/path`"),
        "--opt": ("volumes are folders of this machine", "Mount what is mounted already: `run -v /path:/path`"),
    },
)
@argument("name", required=False, default="", metavar="[VOLUME]")
@option("--label", "labels", multiple=True, metavar="list", help="Set metadata for a volume")
@option("--name", "old_name", default="", hidden=True)
@option("-d", "--driver", default="local", metavar="string", help="Specify volume driver name: local")
def command(ctx: CommandContext, name: str, labels: tuple[str, ...], old_name: str, driver: str) -> Result:
    """Create a volume."""
    if driver != "local":
        raise NotSupported(f"there is no volume driver {driver}", hint="Leave --driver out: there is local")
    from dockmagic.runtime.flags.environment import parse_label

    try:
        named = dict(map(parse_label, labels))
    except InvalidInput as error:
        raise error.revised(exit_code=UNREADABLE_FLAG) from error.__cause__
    return Text(ctx.engine.volumes.create(name or old_name, labels=named).name)
