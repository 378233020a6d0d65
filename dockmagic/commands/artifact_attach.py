"""``artifact attach``: files beside an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument
from .cmdline.result import Transferred
from .flags.artifacts import artifact_type, contents, notes
from .flags.shared import platform
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "artifact attach",
    "[OPTIONS] IMAGE FILE[:TYPE] [FILE[:TYPE]...]",
    (
        "artifact attach --artifact-type application/vnd.cyclonedx+json localhost:5000/app:1 app.cdx.json",
        "an SBOM",
    ),
    returns="Transferred",
    transfer=Transfer("Attaching", of="image", silent=()),
)
@argument("image", "image", metavar="IMAGE")
@argument("files", "host path", nargs=-1, required=True, metavar="FILE[:TYPE]")
@artifact_type
@notes
@platform
def command(
    ctx: CommandContext,
    image: str,
    *,
    files: tuple[str, ...],
    artifact_type: str,
    annotations: tuple[str, ...],
    platform: str | None,
) -> Result:
    """Attach files to an image in its registry."""
    log = Log(ctx.on_progress)
    given = contents(files, annotations)
    done = ctx.engine.artifacts.attach(image, artifact_type=artifact_type, platform=platform, on_progress=log, **given)
    return Transferred((), log.rows, (f"Digest: {done.digest}",))
