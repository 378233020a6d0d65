"""``login``: store credentials for a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.reference import is_domain
from dockmagic.registry.secret import Secret

from .cmdline.command import verb
from .cmdline.metadata import CellText
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Text
from .streams.passwords import nobody_to_ask, piped_password

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command", "server_domain"]


@verb(
    "login",
    "[OPTIONS] [SERVER]",
    ("login", "to Docker Hub; asks for the password"),
    ("login -u me registry.example.com", "to another registry"),
    ("login -u me --password-stdin ghcr.io", "with the password on standard input"),
    returns="Text",
    magic=True,
    cell=CellText(read_by=(("from_stdin", True),)),
)
@argument("server", required=False, default="")
@option("-u", "--username", metavar="string", help="Username")
@option("-p", "--password", metavar="string", help="Password or personal access token (PAT)")
@flag("--password-stdin", "from_stdin", help="Take the password from standard input")
def command(
    ctx: CommandContext, server: str, username: str | None, password: str | None, *, from_stdin: bool
) -> Result:
    """Log in to a registry."""
    domain = server_domain(server)
    if not is_domain(domain):
        raise InvalidInput(
            f"{domain[:100]!r} is not the address of a registry", hint="Write HOST or HOST:PORT, as in image names"
        )
    secret: Secret | None = None
    if from_stdin:
        if password is not None:
            raise InvalidInput("--password and --password-stdin are mutually exclusive")
        if not username:
            raise InvalidInput(
                "must provide --username with --password-stdin", hint="Write `login -u NAME --password-stdin`"
            )
        secret = piped_password(ctx)
    elif password is not None:
        ctx.say("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
        # From here on a verbose traceback, which shows variables, finds nothing.
        secret, password = Secret(password), ""
    try:
        if not username:
            username = ctx.ask("Username: ", secret=False).strip()
        if secret is None:
            secret = Secret(ctx.ask("Password: ", secret=True))
    except EOFError:
        raise nobody_to_ask("login") from None
    if not username or not secret:
        raise InvalidInput("username and password must not be empty")
    ctx.engine.registries.login(domain, username, secret)
    return Text("Login Succeeded")


def server_domain(server: str) -> str:
    """The registry that ``login SERVER`` means: Docker Hub if it is empty, or under one of its addresses."""
    host = server.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return "docker.io" if host in ("", "docker.io", "index.docker.io", "registry-1.docker.io") else host
