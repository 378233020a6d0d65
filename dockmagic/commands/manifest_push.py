"""``manifest push``: a list to a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument, flag
from .cmdline.result import Transferred
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "manifest push",
    "[OPTIONS] MANIFEST_LIST [DESTINATION]",
    ("manifest push localhost:5000/app:1", "the list, and every image in it that is missing there"),
    ("manifest push app:1 localhost:5000/app:1", "under another name"),
    returns="Transferred",
    transfer=Transfer("Pushing", of="name", silent=()),
)
@argument("name", "image", metavar="MANIFEST_LIST")
@argument("destination", required=False, default="", metavar="[DESTINATION]")
@flag("-p", "--purge", help="Remove the local manifest list after push")
@flag("--insecure", hidden=True)
def command(
    ctx: CommandContext,
    name: str,
    destination: str,
    *,
    purge: bool,
    insecure: bool,  # noqa: ARG001  (docker's flag; which registries have no TLS stands in registries.conf)
) -> Result:
    """Push a manifest list and the images in it to a registry."""
    log = Log(ctx.on_progress)
    pushed = ctx.engine.manifests.push(name, destination, on_progress=log)
    if purge:
        ctx.engine.manifests.remove(name)
    return Transferred((), log.rows, (str(pushed.digest),))
