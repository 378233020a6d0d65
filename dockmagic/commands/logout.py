"""``logout``: delete the credentials for a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Text
from .login import server_domain

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "logout",
    "[SERVER]",
    ("logout", "from Docker Hub"),
    ("logout registry.example.com", "from another registry"),
    returns="Text",
    magic=True,
)
@argument("server", required=False, default="")
def command(ctx: CommandContext, server: str) -> Result:
    """Log out from a registry."""
    domain = server_domain(server)
    shown = "https://index.docker.io/v1/" if domain == "docker.io" else domain
    if ctx.engine.registries.logout(domain):
        return Text(f"Removing login credentials for {shown}")
    return Text(f"Not logged in to {shown}")
