"""``create``: make a container without starting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument
from .cmdline.result import Text
from .flags.container import REFUSED, create, creation_flags

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "create",
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    ("create --name web -p 8080:80 httpd", "start it later: start web"),
    ("create -i -t --name box busybox sh", "with a terminal: start -a -i box"),
    returns="Text",
    refused=REFUSED,
    common=("--rm", "-i", "-t", "-e", "-v", "-p", "-w", "-u", "--name", "--network", "--entrypoint"),
    takes_command=True,
    aliases=("container create",),
    transfer=Transfer("Pulling", of="image", certain=False),
)
@argument("image", "image")
@argument("words", "program", nargs=-1, metavar="[COMMAND] [ARG...]")
@creation_flags
def command(ctx: CommandContext, image: str, words: tuple[str, ...], **flags: Any) -> Result:
    """Create a new container."""
    container = create(ctx, image, words, **flags)
    container.make_workdir()
    return Text(container.id)
