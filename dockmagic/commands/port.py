"""``port``: list the published ports of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import NotFound

from .cmdline.command import verb
from .cmdline.parameters import argument
from .cmdline.result import Text

if TYPE_CHECKING:
    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "port",
    "CONTAINER [PRIVATE_PORT[/PROTO]]",
    ("port web", "every published port"),
    ("port web 80", "where port 80 of the container is"),
    returns="Text",
    aliases=("container port",),
)
@argument("name", "container", metavar="CONTAINER")
@argument("private", required=False, default="", metavar="[PRIVATE_PORT[/PROTO]]")
def command(ctx: CommandContext, name: str, private: str) -> Result:
    """List port mappings of a container."""
    container = ctx.engine.containers.get(name)
    wanted, _, protocol = private.partition("/")
    lines = []
    for port in container.state.ports:
        address = f"[{port.address}]" if ":" in port.address else port.address or "0.0.0.0"  # noqa: S104  (docker's display)
        if not private:
            lines.append(f"{port.container}/{port.protocol} -> {address}:{port.host}")
        elif wanted == str(port.container) and (protocol or "tcp") == port.protocol:
            lines.append(f"{address}:{port.host}")
    if private and not lines:
        raise NotFound(
            f"No public port '{private}' published for {name}", hint="Publish it with `run -p HOST:CONTAINER IMAGE`"
        )
    return Text("\n".join(lines))
