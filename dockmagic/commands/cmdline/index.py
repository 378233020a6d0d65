"""What must be known of the verbs before they are imported.

Generated from the verbs by ``python -m dockmagic.commands.cmdline.reindex``: edit them, and not this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALIASES", "CELL_MAGICS", "MAGICS"]

#: Docker's noun forms and other aliases → verb.
ALIASES: Final[Mapping[str, str]] = {
    "artifact list": "artifact ls",
    "builder build": "build",
    "buildx build": "build",
    "buildx du": "builder du",
    "buildx prune": "builder prune",
    "buildx version": "version",
    "container attach": "attach",
    "container commit": "commit",
    "container cp": "cp",
    "container create": "create",
    "container diff": "diff",
    "container exec": "exec",
    "container export": "export",
    "container inspect": "inspect",
    "container kill": "kill",
    "container list": "ps",
    "container logs": "logs",
    "container ls": "ps",
    "container pause": "pause",
    "container port": "port",
    "container ps": "ps",
    "container remove": "rm",
    "container rename": "rename",
    "container restart": "restart",
    "container rm": "rm",
    "container run": "run",
    "container start": "start",
    "container stop": "stop",
    "container top": "top",
    "container unpause": "unpause",
    "container wait": "wait",
    "image build": "build",
    "image history": "history",
    "image import": "import",
    "image inspect": "inspect",
    "image list": "images",
    "image load": "load",
    "image ls": "images",
    "image pull": "pull",
    "image push": "push",
    "image remove": "rmi",
    "image rm": "rmi",
    "image save": "save",
    "image tag": "tag",
    "system info": "info",
    "volume list": "volume ls",
    "volume remove": "volume rm",
}
#: Verbs with a magic of their own, which IPython leaves free; the others are reached by %docker alone.
MAGICS: Final[tuple[str, ...]] = (
    "ps",
    "commit",
    "build",
    "pull",
    "push",
    "images",
    "layers",
    "files",
    "packages",
    "plot",
    "diff",
    "inspect",
    "tag",
    "rmi",
    "tags",
    "search",
    "login",
    "logout",
    "validate",
)
#: Of these the ones that a cell's body is for.
CELL_MAGICS: Final[tuple[str, ...]] = ("build",)
