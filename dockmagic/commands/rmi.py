"""``rmi``: remove images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError, NotFound

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .output.rm_output import removed

if TYPE_CHECKING:
    from dockmagic.image.actions import Removal

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "rmi",
    "[OPTIONS] IMAGE [IMAGE...]",
    ("rmi ubuntu:24.04", "a name, and the image with its last name"),
    ("rmi -f 3f1a2b", "an image with all its names"),
    returns="RemovedRow",
    aliases=("image remove", "image rm"),
    magic=True,
)
@argument("names", "image", nargs=-1, required=True, metavar="IMAGE")
@flag("-f", "--force", help="Force removal of the image")
@flag("--no-prune", hidden=True)
def command(
    ctx: CommandContext,
    names: tuple[str, ...],
    *,
    force: bool,
    no_prune: bool,  # noqa: ARG001  (docker's habit: there are no untagged parents to keep)
) -> Result:
    """Remove one or more images."""
    removals: list[Removal] = []
    errors: list[DockmagicError] = []
    for name in names:
        try:
            removals.append(ctx.engine.images.remove(name, force=force))
        except NotFound as error:
            if not force:  # docker's -f says nothing of what is not there
                errors.append(error)
        except DockmagicError as error:
            errors.append(error)
    if errors and not removals and len(errors) == 1:
        raise errors[0]
    return removed(removals, errors=tuple(errors))
