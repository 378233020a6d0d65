"""``copy``: copy an image from one place to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.protocols import ignore_progress

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Transferred
from .flags.shared import platform
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "copy",
    "[OPTIONS] SOURCE DESTINATION",
    (
        "copy --all docker://quay.io/org/app:1 docker://localhost:5000/app:1",
        "with every platform of it",
    ),
    ("copy docker://alpine:3.20 oci:layout:alpine", "into an image layout"),
    ("copy app:1 docker-daemon:app:1", "an image that is here, into a running docker"),
    ("copy docker-archive:app.tar containers-storage:app:1", "an archive, for podman and buildah"),
    returns="Transferred",
    transfer=Transfer("Copying", of="source"),
)
@argument("source", "image", metavar="SOURCE")
@argument("destination", "image", metavar="DESTINATION")
@flag("-a", "--all", "--all-platforms", "all_platforms", help="Copy an index with all its images")
@flag("--preserve-digests", help="Fail where the manifest would get another digest")
@option("--digestfile", kinds=("host path",), metavar="string", help="Write the digest to a file")
@platform
@flag("-q", "--quiet", help="Suppress verbose output")
def command(
    ctx: CommandContext,
    source: str,
    destination: str,
    *,
    all_platforms: bool,
    preserve_digests: bool,
    digestfile: str | None,
    platform: str | None,
    quiet: bool,
) -> Result:
    """Copy an image between registries, folders, archives and engines."""
    log = Log(ignore_progress if quiet else ctx.on_progress)
    done = ctx.engine.images.copy(
        source,
        destination,
        all_platforms=all_platforms,
        preserve_digests=preserve_digests,
        platform=platform,
        on_progress=log,
    )
    if digestfile:
        Path(digestfile).expanduser().write_text(done.digest)
    return Transferred((), log.rows, (str(done.digest),))
