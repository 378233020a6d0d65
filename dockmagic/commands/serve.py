"""``serve``: run a registry on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import Conflict, InvalidInput

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Serving
from .streams.passwords import asked_password, piped_password

if TYPE_CHECKING:
    from dockmagic.registry.server.users import Users

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "serve",
    "[OPTIONS] [FOLDER]",
    ("serve", "a registry on localhost:5000, until Ctrl-C"),
    ("serve --port 0 /srv/images", "on a free port, kept in a folder of your own"),
    ("serve -u me --password-stdin", "with a login; the password on standard input"),
    returns="Serving",
)
@argument("folder", "host path", required=False, default="", metavar="[FOLDER]")
@option("-p", "--port", type=int, default=5000, metavar="int", help="Port to listen on; 0 for a free one")
@option("--host", default="127.0.0.1", metavar="string", help="Address to listen on; 0.0.0.0 lets others in")
@option("--allow-host", "hosts", multiple=True, metavar="stringArray", help="Further name by which clients reach it")
@option("--htpasswd", default="", metavar="file", help="Let in only the users of a file, as htpasswd -B writes it")
@option("-u", "--username", default="", metavar="string", help="Let in only this user; the password is asked for")
@flag("--password-stdin", "from_stdin", help="Take the user's password from standard input")
def command(
    ctx: CommandContext,
    folder: str,
    port: int,
    host: str,
    *,
    hosts: tuple[str, ...],
    htpasswd: str,
    username: str,
    from_stdin: bool,
) -> Result:
    """Serve a registry on this machine, for docker, podman, skopeo and dockmagic itself."""
    from dockmagic.registry.server import RegistryServer

    root = Path(folder).expanduser() if folder else ctx.engine.home.root / "registry"
    if root.exists() and not root.is_dir():
        raise InvalidInput(f"{root} is a file, and a registry needs a folder", hint="Name a folder, or none")
    users = _users(ctx, htpasswd, username, from_stdin=from_stdin)
    server = RegistryServer(root, host=host, port=port, hosts=hosts, users=users)
    try:
        server.start()
    except OverflowError:
        raise InvalidInput(f"{port} is no port", hint="Ports are 0 to 65535") from None
    except OSError as error:
        raise Conflict(
            f"port {port} of {host} cannot be listened on: {error.strerror}", hint="Choose another: `serve --port 0`"
        ) from None
    if host not in ("127.0.0.1", "localhost", "::1"):
        who = "Everybody who reaches this machine may push and pull; there is no encryption."
        read = "There is no encryption: whoever is on the way can read passwords and images."
        ctx.say(f"WARNING! {who if users is None else read}")
    lines = (f"Serving {root} on {server.host}", f"Push to it: tag IMAGE {server.host}/NAME, push {server.host}/NAME")
    return Serving(server, lines)


def _users(ctx: CommandContext, htpasswd: str, username: str, *, from_stdin: bool) -> Users | None:
    """Who may log in; None for no login.

    Raises:
        InvalidInput: two ways at once, a user without a password, or a file without users.
    """
    from dockmagic.registry.server import Htpasswd, PlainUsers

    if htpasswd and username:
        raise InvalidInput("--htpasswd and --username exclude each other", hint="Write the user into the file")
    if htpasswd:
        return Htpasswd(Path(htpasswd).expanduser())
    if not username:
        if from_stdin:
            raise InvalidInput("--password-stdin needs a user", hint="Write `serve -u NAME --password-stdin`")
        return None
    if ":" in username:
        raise InvalidInput(f"the user name {username!r} has a colon", hint="Choose another: a login ends it there")
    secret = piped_password(ctx) if from_stdin else asked_password(ctx, "serve")
    if not secret:
        raise InvalidInput("the password must not be empty")
    return PlainUsers({username: secret.reveal()})
