"""``run``: run a program in a new container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import DockmagicError, InvalidInput

from .cmdline.command import verb
from .cmdline.metadata import CellText, Transfer
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Ran
from .flags.container import REFUSED, create, creation_flags
from .flags.detach_keys import detach_keys_of
from .streams.stream_io import follow

if TYPE_CHECKING:
    from dockmagic.runtime.container import Container

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_STREAMS = ("stdin", "stdout", "stderr")
_NOT_MADE = 125


@verb(
    "run",
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    ("run --rm busybox echo hello", "one program, and nothing left behind"),
    ("run -i -t --name test ubuntu:12.04 /bin/bash", "a shell; ctrl-p ctrl-q leaves it running"),
    ("run -d --name web -v data:/data httpd", "in the background; logs web shows its output"),
    ("run --rm -v $PWD:/work -w /work python:3.12 python job.py", "a folder of this machine"),
    returns="Ran",
    refused=REFUSED,
    common=("-d", "--rm", "-i", "-t", "-e", "-v", "-p", "-w", "-u", "--name", "--network", "--entrypoint"),
    takes_command=True,
    aliases=("container run",),
    cell=CellText(read_by=(("interactive", True),)),
    transfer=Transfer("Pulling", of="image", certain=False),
)
@argument("image", "image")
@argument("words", "program", nargs=-1, metavar="[COMMAND] [ARG...]")
@creation_flags
@flag("-d", "--detach", help="Run container in background and print container ID")
@option("-a", "--attach", multiple=True, metavar="list", help="Attach to STDIN, STDOUT or STDERR")
@option("--detach-keys", default="", metavar="string", help="Override the key sequence for detaching a container")
@flag("--sig-proxy", default=True, help="Proxy received signals to the process")
def command(
    ctx: CommandContext,
    image: str,
    words: tuple[str, ...],
    *,
    detach: bool,
    attach: tuple[str, ...],
    detach_keys: str,
    sig_proxy: bool,
    **flags: Any,
) -> Result:
    """Create and run a new container from an image."""
    from dockmagic.engine.containers.running import detached
    from dockmagic.runtime.machine.helper import ahead

    try:
        streams = _streams(attach, detach=detach)
        if detach_keys:
            detach_keys_of(detach_keys)
        if flags["tty"] and flags["interactive"] and not detach and ctx.terminal is None:
            raise InvalidInput("the input device is not a TTY", hint="Leave -t out, or type it on a terminal").revised(
                exit_code=1
            )
        with ahead("runtime.shim.main"):
            container = create(ctx, image, words, **flags)
            if detach:
                return Ran(detached(container, owner=ctx.owner), None, lines=(container.id,))
            return _in_foreground(ctx, container, streams, detach_keys=detach_keys, sig_proxy=sig_proxy)
    except DockmagicError as error:
        if "exit_code" not in vars(error):
            raise error.revised(exit_code=_NOT_MADE) from error.__cause__
        raise


def _streams(attach: tuple[str, ...], *, detach: bool) -> frozenset[str]:
    words = tuple(word.lower() for word in attach)
    for word in words:
        if word not in _STREAMS:
            raise InvalidInput(f'invalid argument "{word}" for -a', hint="Write stdin, stdout or stderr")
    if words and detach:
        raise InvalidInput("Conflicting options: -a and -d", hint="Write one of --attach and --detach").revised(
            exit_code=1
        )
    return frozenset(words)


def _in_foreground(
    ctx: CommandContext, container: Container, streams: frozenset[str], *, detach_keys: str, sig_proxy: bool
) -> Ran:
    from dockmagic.engine.containers.running import followed

    record = container.record
    with followed(container, window=ctx.window) as session:
        return follow(
            _listening(ctx, streams),
            container,
            session,
            stdin=record.open_stdin,  # -i attaches it, whatever -a says
            command=" ".join(record.argv),
            detach_keys=detach_keys,
            sig_proxy=sig_proxy and not record.tty,
        )


def _listening(ctx: CommandContext, streams: frozenset[str]) -> CommandContext:
    """`ctx` without the streams that ``-a`` leaves out."""
    wanted = {number for number, name in ((1, "stdout"), (2, "stderr")) if not streams or name in streams}
    if len(wanted) == 2:
        return ctx
    from msgspec.structs import replace

    def on_output(stream: int, data: bytes) -> None:
        if stream in wanted:
            ctx.on_output(stream, data)

    return replace(ctx, on_output=on_output)
