"""Strip: paths out of all layers, so that their bytes are gone too."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dockmagic.image.draft import Draft
from dockmagic.image.glob import compile_pattern
from dockmagic.oci.errors import InvalidInput, PathNotFound

from .rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dockmagic.image.image import Image

    from .workspace import Workspace

__all__ = ["strip_paths"]


def strip_paths(workspace: Workspace, image: Image, paths: Sequence[str]) -> Image:
    """Take paths, and all that is below them, out of every layer that has them.

    A layer in which nothing is left goes. Hard links that stay keep the content of a file that goes.

    Args:
        workspace: with the store, which has the blobs of the image.
        image: to change.
        paths: absolute, or patterns as in ``Path.full_match``: ``/root/.cache``, ``/**/__pycache__``.

    Raises:
        InvalidInput: the root is among them, or there are none.
        PathNotFound: no layer has any of one of them.
        InvalidContent: a layer is not what it should be.
    """
    if not paths or any(not path.strip("/.") for path in paths):
        raise InvalidInput("the root cannot be taken out of an image", hint="Name paths below it")
    matches = {path: _matcher(path) for path in paths}
    left = set(paths)

    def leave_out(name: bytes) -> bool:
        by = [path for path, matched in matches.items() if matched(name)]
        left.difference_update(by)
        return bool(by)

    draft = Draft(image)
    for step, layer in zip([step for step in draft.steps if step.layer], image.layers, strict=True):
        table = layer.table
        names = [entry.name for entry in table.entries if entry.name not in table.implied]
        loose = frozenset(table.loose)
        names += [*table.whiteouts, *(entry.link for entry in table.entries if entry.name in loose)]
        found = [name for name in names if leave_out(name)]
        if found:
            step.layer = rewrite(workspace, layer, leave_out=leave_out)
            if layer.index == 0:
                draft.forget_base()
    if left:
        raise PathNotFound(f"no layer has {', '.join(sorted(left))}", hint="See what is there: `files IMAGE`")
    draft.add(workspace.history(f"image strip-paths {shlex.join(paths)}"))
    return workspace.finish(draft)


def _matcher(path: str) -> Callable[[bytes], bool]:
    """Whether a name is what a path or pattern names, or below it."""
    pattern = compile_pattern(path.strip("/"))
    known: dict[bytes, bool] = {b"": False}

    def matched(name: bytes) -> bool:
        found = known.get(name)
        if found is None:
            text = name.decode("utf-8", "surrogateescape")
            found = known[name] = matched(name.rpartition(b"/")[0]) or pattern.match(text) is not None
        return found

    return matched
