"""``artifact ls``: what is attached to an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.rows import ReferrerRow

from .cmdline.command import verb
from .cmdline.parameters import argument, option
from .flags.shared import all_digits, form, platform
from .output.table_output import listing

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "artifact ls",
    "[OPTIONS] IMAGE",
    ("artifact ls localhost:5000/app:1", "signatures, bills of materials and whatever else refers to it"),
    returns="ReferrerRow",
    aliases=("artifact list",),
)
@argument("image", "remote tag", "image", metavar="IMAGE")
@option("--artifact-type", default="", metavar="type", help="Only artifacts of this type")
@platform
@form
@all_digits
def command(
    ctx: CommandContext, image: str, *, artifact_type: str, platform: str | None, form: str | None, whole: bool
) -> Result:
    """List what is attached to an image in its registry."""
    rows = ctx.engine.artifacts.list(image, platform=platform, artifact_type=artifact_type)
    return listing(rows, ReferrerRow, form=form, whole=whole)
