"""``rm``: remove containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import DockmagicError, NotFound
from dockmagic.rows import RemovedRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag
from .cmdline.result import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_REFUSED: Final[Mapping[str, tuple[str, str]]] = dict.fromkeys(
    ("-l", "--link"), ("there are no links between containers", "Containers share this machine's network")
)


@verb(
    "rm",
    "[OPTIONS] CONTAINER [CONTAINER...]",
    ("rm test", "a container that does not run, with its writable layer"),
    ("rm -f -v web", "a running one, and its anonymous volumes"),
    returns="RemovedRow",
    refused=_REFUSED,
    aliases=("container remove", "container rm"),
)
@argument("names", "container", nargs=-1, required=True, metavar="CONTAINER")
@flag("-f", "--force", help="Force the removal of a running container (uses SIGKILL)")
@flag("-v", "--volumes", help="Remove anonymous volumes associated with the container")
def command(ctx: CommandContext, names: tuple[str, ...], *, force: bool, volumes: bool) -> Result:
    """Remove one or more containers."""
    gone: list[str] = []
    errors: list[DockmagicError] = []
    for name in names:
        try:
            ctx.engine.containers.remove(ctx.engine.containers.get(name), force=force, volumes=volumes)
            gone.append(name)
        except NotFound as error:
            if not force:
                errors.append(error)
        except DockmagicError as error:
            errors.append(error)
    if len(errors) == 1 and not gone:
        raise errors[0]
    rows = tuple(RemovedRow(action="Deleted", name=name) for name in gone)
    return Table(rows, RemovedRow, RemovedRow.shown, lines=tuple(gone), errors=tuple(errors))
