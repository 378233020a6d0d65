"""The table of verbs: what there is, and under which names.

Aliases and magics stand on each verb. As no verb is imported before it is called, `index` has them collected.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from .index import ALIASES, CELL_MAGICS, MAGICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command import Verb

__all__ = ["ALIASES", "CELL_MAGICS", "MAGICS", "NOUNS", "VERBS", "load", "summary"]

#: Verb → the module with its `command`, in the order in which ``help`` lists them.
VERBS: Final[Mapping[str, str]] = {
    "run": "run",
    "create": "create",
    "start": "start",
    "stop": "stop",
    "restart": "restart",
    "kill": "kill",
    "wait": "wait",
    "pause": "pause",
    "unpause": "unpause",
    "ps": "ps",
    "logs": "logs",
    "attach": "attach",
    "exec": "exec_",
    "cp": "cp",
    "top": "top",
    "port": "port",
    "rename": "rename",
    "commit": "commit",
    "rm": "rm",
    "container prune": "container_prune",
    "volume create": "volume_create",
    "volume ls": "volume_ls",
    "volume inspect": "volume_inspect",
    "volume rm": "volume_rm",
    "volume prune": "volume_prune",
    "build": "build",
    "builder du": "builder_du",
    "builder prune": "builder_prune",
    "pull": "pull",
    "push": "push",
    "copy": "copy",
    "sync": "sync",
    "images": "images",
    "layers": "layers",
    "files": "files",
    "packages": "packages",
    "sbom": "sbom",
    "waste": "waste",
    "plot": "plot",
    "cat": "cat",
    "diff": "diff",
    "history": "history",
    "inspect": "inspect",
    "tag": "tag",
    "rmi": "rmi",
    "tags": "tags",
    "search": "search",
    "login": "login",
    "logout": "logout",
    "save": "save",
    "load": "load",
    "import": "import_",
    "export": "export",
    "image append": "image_append",
    "image mutate": "image_mutate",
    "image rebase": "image_rebase",
    "image flatten": "image_flatten",
    "image squash": "image_squash",
    "image drop-layer": "image_drop_layer",
    "image replace-layer": "image_replace_layer",
    "image strip-paths": "image_strip_paths",
    "image retime": "image_retime",
    "image convert": "image_convert",
    "artifact push": "artifact_push",
    "artifact attach": "artifact_attach",
    "artifact pull": "artifact_pull",
    "artifact ls": "artifact_ls",
    "manifest create": "manifest_create",
    "manifest annotate": "manifest_annotate",
    "manifest inspect": "manifest_inspect",
    "manifest push": "manifest_push",
    "manifest rm": "manifest_rm",
    "validate": "validate",
    "gc": "gc",
    "image prune": "image_prune",
    "system df": "system_df",
    "system prune": "system_prune",
    "serve": "serve",
    "samples": "samples",
    "info": "info",
    "version": "version",
    "help": "help",
}

#: Words that need another one after them, with what they are about.
NOUNS: Final[Mapping[str, str]] = {
    "artifact": "Manage files in registries that are no images",
    "builder": "Manage builds",
    "buildx": "Manage builds",
    "container": "Manage containers",
    "image": "Manage images",
    "manifest": "Manage lists of manifests, of the platforms of an image",
    "system": "Manage dockmagic",
    "volume": "Manage volumes",
}


def load(verb: str) -> Verb:
    """The command of a verb of `VERBS`; imports its module."""
    command: Verb = importlib.import_module(f"dockmagic.commands.{VERBS[verb]}").command
    return command


def summary(verb: str) -> str:
    """One line about a verb, without a full stop."""
    return load(verb).get_short_help_str(limit=200)
