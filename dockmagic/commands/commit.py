"""``commit``: make an image of a container's changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Transferred

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "commit",
    "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    ("commit test app:1", "the image of the container, and its writable layer on top"),
    ("commit -a 'Ann' -m 'add curl' -c 'CMD [\"curl\"]' test app:2", "with history and another command"),
    returns="Transferred",
    aliases=("container commit",),
    magic=True,
)
@argument("container", "container")
@argument("name", required=False, default="", metavar="[REPOSITORY[:TAG]]")
@option("-a", "--author", default="", metavar="string", help="Author (e.g., 'Ann Lee <ann@example.org>')")
@option("-m", "--message", default="", metavar="string", help="Commit message")
@option("-c", "--change", "changes", multiple=True, metavar="list", help="Apply Dockerfile instruction to the image")
@flag("-p", "--pause", default=True, help="Pause container during commit")
def command(
    ctx: CommandContext, container: str, name: str, *, author: str, message: str, changes: tuple[str, ...], pause: bool
) -> Result:
    """Create a new image from a container's changes."""
    found = ctx.engine.containers.get(container.removeprefix("container:"))
    image = ctx.engine.containers.commit(
        found,
        name,
        author=author,
        message=message,
        changes=changes,
        pause=pause,
        on_notice=lambda line: ctx.say(f"WARNING: {line}"),
    )
    return Transferred((image,), (), (str(image.id),))
