"""``manifest rm``: delete lists of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError

from .cmdline.command import verb
from .cmdline.parameters import argument
from .output.rm_output import removed

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "manifest rm",
    "MANIFEST_LIST [MANIFEST_LIST...]",
    ("manifest rm app:1", "the list, and the images that nothing else uses"),
    returns="RemovedRow",
)
@argument("names", "image", nargs=-1, required=True, metavar="MANIFEST_LIST")
def command(ctx: CommandContext, names: tuple[str, ...]) -> Result:
    """Delete one or more manifest lists from local storage."""
    removals, errors = [], []
    for name in names:
        try:
            removals.append(ctx.engine.manifests.remove(name))
        except DockmagicError as error:
            errors.append(error)
    if errors and not removals and len(errors) == 1:
        raise errors[0]
    return removed(removals, errors=tuple(errors))
