"""``serve``: a registry of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import Conflict, InvalidInput

from .command import argument, option, verb
from .result import Serving

if TYPE_CHECKING:
    from .door import Door
    from .result import Result

__all__ = ["command"]


@verb(
    "serve",
    "[OPTIONS] [FOLDER]",
    ("serve", "a registry on localhost:5000, until Ctrl-C"),
    ("serve --port 0 /srv/images", "on a free port, kept in a folder of your own"),
    returns="Serving",
)
@argument("folder", required=False, default="", metavar="[FOLDER]")
@option("-p", "--port", type=int, default=5000, metavar="int", help="Port to listen on; 0 for a free one")
@option("--host", default="127.0.0.1", metavar="string", help="Address to listen on; 0.0.0.0 lets others in")
def command(door: Door, folder: str, port: int, host: str) -> Result:
    """Serve a registry on this machine, for docker, podman, skopeo and dockmagic itself."""
    from dockmagic.store.registry.server import RegistryServer

    root = Path(folder).expanduser() if folder else door.engine.home.root / "registry"
    if root.exists() and not root.is_dir():
        raise InvalidInput(f"{root} is a file, and a registry needs a folder", hint="Name a folder, or none")
    if not folder:
        door.engine.home.make(root)
    server = RegistryServer(root, host=host, port=port)
    try:
        server.start()
    except OverflowError:
        raise InvalidInput(f"{port} is no port", hint="Ports are 0 to 65535") from None
    except OSError as error:
        raise Conflict(
            f"port {port} of {host} cannot be listened on: {error.strerror}", hint="Choose another: serve --port 0"
        ) from None
    if host not in ("127.0.0.1", "localhost", "::1"):
        door.say("WARNING! Everybody who reaches this machine may push and pull; there is no encryption.")
    lines = (f"Serving {root} on {server.host}", f"Push to it: tag IMAGE {server.host}/NAME, push {server.host}/NAME")
    return Serving(server, lines)
