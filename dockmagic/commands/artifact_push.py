"""``artifact push``: files under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument
from .cmdline.result import Transferred
from .flags.artifacts import artifact_type, contents, notes
from .output.transfer_output import Log

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "artifact push",
    "[OPTIONS] NAME FILE[:TYPE] [FILE[:TYPE]...]",
    ("artifact push localhost:5000/data:1 table.parquet notes.md", "two files under one name"),
    (
        "artifact push --artifact-type application/vnd.acme.model localhost:5000/model:1 weights.bin:application/x-w",
        "with types",
    ),
    ("artifact push oci:layout:data table.parquet", "into an image layout"),
    returns="Transferred",
    transfer=Transfer("Pushing", of="name", silent=()),
)
@argument("name", "image", metavar="NAME")
@argument("files", "host path", nargs=-1, required=True, metavar="FILE[:TYPE]")
@artifact_type
@notes
def command(
    ctx: CommandContext, name: str, *, files: tuple[str, ...], artifact_type: str, annotations: tuple[str, ...]
) -> Result:
    """Put files that are no image into a registry."""
    log = Log(ctx.on_progress)
    given = contents(files, annotations)
    pushed = ctx.engine.artifacts.push(name, artifact_type=artifact_type, on_progress=log, **given)
    return Transferred((), log.rows, (f"Digest: {pushed.digest}",))
