"""From what a caller gives to a new layer, and to its words in the history."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dockmagic.engine.options import convert as typed
from dockmagic.engine.options.surgery import files_of
from dockmagic.image.surgery.append import layer_of_archive, layer_of_files
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.engine.options.surgery import Sources
    from dockmagic.image.layer_writer import NewLayer
    from dockmagic.image.surgery.workspace import Workspace
    from dockmagic.layer.tree import FileTree

    #: Makes the layer upon a tree.
    MakeLayer = Callable[[Workspace, FileTree], NewLayer]

__all__ = ["new_layer"]


def new_layer(files: Sources, tar: str | os.PathLike[str] | BinaryIO | None, to: str) -> tuple[MakeLayer, str]:
    """What makes the layer upon a tree, and how the history names it.

    Raises:
        InvalidInput: both files and a tar.
        TypeError: a content of a type that does not fit.
    """
    if tar is None:
        wanted = files_of(files, typed.text("to", to))
        shown = [content.name if path.endswith("/") and isinstance(content, Path) else path for path, content in wanted]
        where = ["--to", to] if to != "/" else []
        return (lambda workspace, below: layer_of_files(workspace, below, wanted)), shlex.join([*shown, *where])
    if files:
        raise InvalidInput("a layer is made of files or of a tar", hint="Make two, one after the other")
    if isinstance(tar, (str, os.PathLike)):
        path = Path(typed.path("tar", tar)).expanduser()
        return (lambda workspace, _below: layer_of_archive(workspace, path)), f"--tar {shlex.quote(path.name)}"
    return (lambda workspace, _below: layer_of_archive(workspace, tar)), "--tar -"
