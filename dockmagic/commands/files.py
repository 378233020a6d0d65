"""``files``: list the paths of an image or layer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dockmagic.image.analysis.secrets import find_secrets
from dockmagic.image.layer import Layer
from dockmagic.rows import FileRow

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .flags.shared import form, platform, platform_of, tell_remote
from .output.table_output import listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockmagic.layer.tree import Node

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_WITH_BLAME = ("Layer", "CreatedBy", "Mode", "Size", "Path", "Hides")
_WITH_SECRETS = ("Mode", "UID", "GID", "Size", "Layer", "Path", "SetID", "WorldWritable", "Secret")


@verb(
    "files",
    "[OPTIONS] IMAGE [PATH]",
    ("files ubuntu /etc", "everything below /etc, with the layer that supplies it"),
    ("files --depth 1 ubuntu", "the root directory alone"),
    ("files 'ubuntu[2]'", "one layer's own files, whiteouts included"),
    ("files --blame ubuntu /etc/passwd", "which instruction wrote it, and what it hides"),
    ("files --secrets app:1", "which look like keys or tokens, run with their owner's rights, or are open to all"),
    returns="FileRow",
    magic=True,
)
@argument("image", "image")
@argument("path", "image path", required=False, default="/")
@flag("--blame", help="Show the instruction that supplies each path, and what it hides in the layers below")
@flag("--secrets", help="Show what looks like a key or a token, set-id bits, and what all may write")
@option("-d", "--depth", type=int, default=-1, metavar="int", help="Go down so many directories; -1 for all")
@platform
@form
@flag("-q", "--quiet", help="Only show paths")
def command(
    ctx: CommandContext,
    *,
    image: str,
    path: str,
    depth: int,
    platform: str | None,
    form: str | None,
    blame: bool,
    secrets: bool,
    quiet: bool,
) -> Result:
    """List the files of an image, a layer (IMAGE[2]) or a range of layers (IMAGE[0:3])."""
    owner, found = ctx.engine.images.find_subject(
        image, platform=platform_of(platform), on_remote=partial(tell_remote, ctx)
    )
    tree = found.files
    node = tree.lookup(path)
    deepest = None if depth < 0 else _depth(node.entry.name) + depth
    instructions = {layer.index: layer.created_by for layer in owner.layers} if blame else None
    nodes = tuple(_down_to(tree.walk(node.entry.name), deepest))
    looks = find_secrets(nodes, owner.layers) if secrets else {}
    rows = tuple(one.row(instructions, secret=looks.get(one.entry.name, "")) for one in nodes)
    if isinstance(found, Layer):
        below = "/" + node.entry.name.decode("utf-8", "surrogateescape")
        gone = (
            row for row in found.whiteout_rows() if row.path == below or row.path.startswith(below.rstrip("/") + "/")
        )
        rows = tuple(sorted((*rows, *gone), key=lambda row: row.path))
    shown = tuple(dict.fromkeys((*(_WITH_BLAME if blame else ()), *(_WITH_SECRETS if secrets else ())))) or None
    return listing(rows, FileRow, shown=shown, form=form, whole=False, quiet="Path" if quiet else "", subject=found)


def _depth(name: bytes) -> int:
    return name.count(b"/") + 1 if name else 0


def _down_to(nodes: Iterable[Node], deepest: int | None) -> Iterable[Node]:
    # The root itself is no file that anybody looks for.
    return (node for node in nodes if node.entry.name and (deepest is None or _depth(node.entry.name) <= deepest))
