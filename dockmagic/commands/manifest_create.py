"""``manifest create``: a list of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.options.surgery import pairs

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Transferred
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "manifest create",
    "[OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]",
    ("manifest create app:1 app:1-amd64 app:1-arm64", "one name for the images of several platforms"),
    ("manifest create --amend app:1 app:1-riscv64", "one more"),
    returns="Transferred",
    transfer=Transfer("Listing", of="name", silent=(), certain=False),
)
@argument("name", "image", metavar="MANIFEST_LIST")
@argument("members", "image", nargs=-1, required=True, metavar="MANIFEST")
@flag("-a", "--amend", help="Amend an existing manifest list")
@option("--annotation", "annotations", multiple=True, metavar="list", help="Annotations of the list")
@flag("--insecure", hidden=True)
def command(
    ctx: CommandContext,
    name: str,
    *,
    members: tuple[str, ...],
    amend: bool,
    annotations: tuple[str, ...],
    insecure: bool,  # noqa: ARG001  (docker's flag; which registries have no TLS stands in registries.conf)
) -> Result:
    """Create a local manifest list of images, for pushing to a registry."""
    log = Log(ctx.on_progress)
    notes = {key: value or "" for key, value in pairs("annotation", annotations).items()}
    image = ctx.engine.manifests.create(name, members, amend=amend, annotations=notes, on_progress=log)
    return Transferred((image,), log.rows, (f"Created manifest list {image.names[0]}",))
