"""``attach``: follow a running program at this terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput

from .cmdline.command import verb
from .cmdline.metadata import CellText
from .cmdline.parameters import argument, flag, option
from .streams.stream_io import follow

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "attach",
    "[OPTIONS] CONTAINER",
    ("attach test", "what it writes from now on, and what you type for it"),
    ("attach --no-stdin web", "only look"),
    returns="Ran",
    aliases=("container attach",),
    cell=CellText(read_by=(("no_stdin", False),)),
)
@argument("name", "container", metavar="CONTAINER")
@flag("--no-stdin", help="Do not attach STDIN")
@flag("--sig-proxy", default=True, help="Proxy all received signals to the process")
@option("--detach-keys", default="", metavar="string", help="Override the key sequence for detaching a container")
def command(ctx: CommandContext, name: str, *, no_stdin: bool, sig_proxy: bool, detach_keys: str) -> Result:
    """Attach standard input, output and error to a running container."""
    containers = ctx.engine.containers
    container = containers.get(name)
    record = container.record
    session = containers.attach(container, stdin=not no_stdin)
    if record.tty and not no_stdin and ctx.terminal is None:
        session.close()
        raise InvalidInput(
            "the input device is not a TTY", hint="Use --no-stdin to look only, or type it on a terminal"
        )
    stdin = record.open_stdin and not no_stdin
    return follow(
        ctx,
        container,
        session,
        stdin=stdin,
        command=" ".join(record.argv),
        detach_keys=detach_keys,
        sig_proxy=sig_proxy and not record.tty,
        kill=False,  # it was not begun for this command
    )
