"""``exec``: run one more program in a running container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import UNREADABLE_FLAG, Conflict, InvalidInput
from dockmagic.runtime.cannot_start import CannotStart
from dockmagic.runtime.flags.environment import parse_variable, read_env_file

from .cmdline.command import verb
from .cmdline.metadata import CellText
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Ran
from .flags.detach_keys import detach_keys_of
from .streams.stream_io import follow

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_NOT_EXECUTED = 126
_REFUSED = {
    "--privileged": (
        "a program gets no more rights than its container has",
        "Give capabilities when the container is made: `run --cap-add`",
    ),
}


@verb(
    "exec",
    "[OPTIONS] CONTAINER COMMAND [ARG...]",
    ("exec web ls /data", "one program, and its exit code"),
    ("exec -i -t web sh", "a shell; ctrl-p ctrl-q leaves it"),
    ("exec -i web sh -c 'cat > /data/in'", "with this input"),
    returns="Ran",
    refused=_REFUSED,
    takes_command=True,
    aliases=("container exec",),
    cell=CellText(read_by=(("interactive", True),)),
)
@argument("name", "container", metavar="CONTAINER")
@argument("words", "program", nargs=-1, required=True, metavar="COMMAND [ARG...]")
@flag("-d", "--detach", help="Detached mode: run command in the background")
@option("--detach-keys", default="", metavar="string", help="Override the key sequence for detaching a container")
@option("-e", "--env", multiple=True, metavar="list", help="Set environment variables")
@option(
    "--env-file",
    "env_files",
    kinds=("host path",),
    multiple=True,
    metavar="list",
    help="Read in a file of environment variables",
)
@flag("-i", "--interactive", help="Keep STDIN open even if not attached")
@flag("-t", "--tty", help="Allocate a pseudo-TTY")
@option("-u", "--user", default="", metavar="string", help="Username or UID (format: <name|uid>[:<group|gid>])")
@option("-w", "--workdir", default="", metavar="string", help="Working directory inside the container")
def command(
    ctx: CommandContext,
    name: str,
    words: tuple[str, ...],
    *,
    env: tuple[str, ...],
    env_files: tuple[str, ...],
    user: str,
    workdir: str,
    detach_keys: str,
    detach: bool,
    interactive: bool,
    tty: bool,
) -> Result:
    """Run a command in a running container."""
    if detach_keys:
        detach_keys_of(detach_keys)
    if tty and interactive and not detach and ctx.terminal is None:
        raise InvalidInput("the input device is not a TTY", hint="Leave -t out, or type it on a terminal")
    variables = [word for path in env_files for word in read_env_file(path)]
    try:
        variables += map(parse_variable, env)
    except InvalidInput as error:
        raise error.revised(exit_code=UNREADABLE_FLAG) from error.__cause__
    container = ctx.engine.containers.get(name)
    status = container.state.status
    if status == "paused":
        raise Conflict(f"Container {name} is paused, unpause the container before exec", hint=f"Type `unpause {name}`")
    if status != "running":
        raise Conflict(f"Container {container.id} is not running", hint=f"Start it: `start {name}`")
    stdin = interactive and not detach
    try:
        session = container.exec(
            words,
            env=variables,
            cwd=workdir,
            user=user,
            tty=tty,
            stdin=stdin,
            detach=detach,
            window=ctx.window,
        )
    except CannotStart as error:
        # Docker's exec tells no program that is not there from one that cannot be executed.
        raise error.revised(exit_code=1 if detach else _NOT_EXECUTED) from error.__cause__
    if detach:
        session.close()
        return Ran(container, None)
    return follow(ctx, container, session, stdin=stdin, command=" ".join(words), detach_keys=detach_keys, first=False)
