"""The error for a source that is not there: ignored, led out by a link, outside the context, or misspelt."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockmagic.builder.sources.files import NoFiles, base_of, decoded, encoded, join, parent_of, real_name, shown
from dockmagic.dockerfile.suggest import nearest
from dockmagic.oci.errors import PathNotFound

if TYPE_CHECKING:
    from dockmagic.builder.sources.files import Files

__all__ = ["not_found"]


def not_found(files: Files, source: str) -> PathNotFound:
    """The error of a COPY, ADD or mount whose `source` is not in `files`."""
    if source.startswith("../"):
        return PathNotFound(
            f'"{source}": not found in {files.label}',
            hint="A source lies in the context: move it there, or name its folder with --build-context",
        )
    asked = encoded(posixpath.normpath("/" + source).strip("/"))
    name = real_name(files.entry, asked)
    rule = files.ignored_by(name)
    # As BuildKit names it: from the root of what is copied from.
    found_missing = f'"{shown(name)}": not found in {files.label}'
    if rule:
        return PathNotFound(f"{found_missing}: {rule} ignores it", hint="Add a line with ! and its path below that one")
    link = _link_on(files, asked)
    if link:
        return PathNotFound(
            f"{found_missing}, where the link {shown(link)} leads",
            hint="A link is followed as if the context were the root: copy what it leads to into the context",
        )
    meant = nearest(decoded(base_of(name)), map(decoded, files.names(parent_of(name))))
    told = f" (did you mean {decoded(join(parent_of(name), encoded(meant)))}?)" if meant else ""
    hint = f"Look at what is in {files.label}" if files.owned else "Write paths relative to the context"
    if isinstance(files, NoFiles):
        hint = "There is no context: name the folder that has the files; a dot is this one"
    return PathNotFound(f"{found_missing}{told}", hint=hint)


def _link_on(files: Files, name: bytes) -> bytes:
    """The first link on the way to `name`; empty if there is none."""
    here = b""
    for part in name.split(b"/"):
        here = join(here, part)
        entry = files.entry(here)
        if entry is not None and entry.is_symlink:
            return here
    return b""
