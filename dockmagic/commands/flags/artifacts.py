"""What the verbs that write artifacts have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.commands.cmdline.parameters import option
from dockmagic.engine.options.surgery import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["artifact_type", "contents", "notes"]

artifact_type = option("--artifact-type", default="", metavar="type", help="Type of the artifact")
notes = option("-a", "--annotation", "annotations", multiple=True, metavar="list", help="Set annotations")


def contents(files: Sequence[str], annotations: Sequence[str]) -> dict[str, Any]:
    """The keywords for files that are written as ``FILE[:TYPE]``, and for annotations."""
    paths, types = [], {}
    for word in files:
        path, colon, kind = word.rpartition(":")
        if colon and "/" in kind and not kind.startswith("/"):
            paths.append(path)
            types[path] = kind
        else:
            paths.append(word)
    found = {key: value or "" for key, value in pairs("annotation", annotations).items()}
    return {"files": paths, "media_types": types, "annotations": found}
