"""What a container, and a path inside one, look like at the end of a cell; as text and as HTML.

They tell of the moment at which they are shown, and nothing that would be another in every run: no ID, no age.
"""

from __future__ import annotations

import stat
from collections import Counter
from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import human_size
from dockmagic.notebook import html
from dockmagic.notebook.stack import WRITABLE, image_lines, image_slabs, slab
from dockmagic.notebook.text import printable
from dockmagic.oci.errors import PathNotFound
from dockmagic.rows.words import instruction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.path import ContainerPath, LayerPart

    Bundle = dict[str, str]

__all__ = ["container", "container_path"]

_COMMAND_WIDTH: Final = 60
_CODE_WIDTH: Final = 56
_PREVIEW_LIMIT: Final = 4096
_PREVIEW_LINES: Final = 12


def container(shown: Container) -> Bundle:
    """A container: what runs in it, how it goes, and its writable layer on top of the image's."""
    from dockmagic.commands.output.format import shorten

    record = shown.record
    changes = shown.changes()
    letters = Counter(change.letter for change in changes)
    counts = f"{letters['A']:,} added, {letters['C']:,} changed, {letters['D']:,} deleted"
    size = human_size(sum(change.new.size for change in changes if change.new is not None))
    command = shorten(" ".join(record.argv), _COMMAND_WIDTH)
    facts = [("Command", command), ("State", _state(shown)), *_facts(shown)]
    cells = _cells(shown)
    text = [
        f"{shown.name}  on {record.image}",
        *(f"  {name}: {value}" for name, value in facts),
        f"   +  {size:>8}  the writable layer: {counts}",
        *image_lines(shown.image),
        *(f"  {cell}   # {why}" for cell, why in cells),
    ]
    top = html.run(html.bold("+"), html.SPACE, size, html.SPACE, "the writable layer", html.SPACE, html.muted(counts))
    return {
        "text/plain": "\n".join(text),
        "text/html": html.join(
            html.div(html.bold(shown.name), html.SPACE, html.muted(f"on {record.image}")),
            html.facts((name, html.code(value)) for name, value in facts),
            slab(top, colour=WRITABLE),
            image_slabs(shown.image),
            html.table([html.code(cell), html.muted(why)] for cell, why in cells),
        ),
    }


def _state(shown: Container) -> str:
    state = shown.state
    return f"exited with {state.exit_code}" if state.status == "exited" else state.status


def _facts(shown: Container) -> Iterator[tuple[str, str]]:
    for mount in shown.record.mounts:
        what = mount.type if mount.anonymous or mount.type == "tmpfs" else mount.name or mount.source
        yield "Volume", f"{what} at {mount.target}{', read-only' if mount.read_only else ''}"


def _cells(shown: Container) -> tuple[tuple[str, str], ...]:
    name = shown.name
    look = (f"%diff {name}", "see what it has changed")
    if shown.state.status == "running":
        return (f"%docker exec {name} ls /", "run one more program in it"), look, (f"%docker stop {name}", "end it")
    return look, (f"%docker start {name}", "start it"), (f"%docker rm {name}", "remove it")


def container_path(shown: ContainerPath) -> Bundle:
    """A path: which layer supplies it, and what each of the others has there."""
    places = shown.places()
    try:
        entry = shown.entry
    except PathNotFound:
        head = f"{shown.path} is not in {shown.container.name}"
    else:
        size = "" if entry.is_dir else f"  {human_size(entry.size)}"
        head = f"{stat.filemode(entry.st_mode)}  {entry.uid}:{entry.gid}{size}  {printable(shown.path)}"
    seen = next((number for number, place in enumerate(places) if place.entry is not None or place.removes), -1)
    lines = [_line(number, place, seen) for number, place in enumerate(places)]
    slabs = [
        slab(
            html.run(
                html.bold(where),
                html.SPACE,
                html.bold(what) if number == seen else html.muted(what),
                html.SPACE,
                html.code(made_by) if made_by else "",
            ),
            colour=WRITABLE if not number else "rgba(127,127,127,.35)",
        )
        for number, (where, what, made_by) in enumerate(lines)
    ]
    preview = _preview(shown)
    text = "\n".join([head, *(f"{where:>4}  {what:<44}{made_by}".rstrip() for where, what, made_by in lines)])
    body = html.pre(preview) if preview else ""
    return {
        "text/plain": text,
        "text/html": html.join(html.div(html.code(head)), *slabs, body),
    }


def _line(number: int, place: LayerPart, seen: int) -> tuple[str, str, str]:
    """Which layer, what it has, and the instruction that made it."""
    layer = place.layer
    where = "+" if layer is None else str(layer.index)
    entry = place.entry
    if entry is not None:
        what = "a folder" if entry.is_dir else f"→ {entry.target}" if entry.is_symlink else human_size(entry.size)
        what += ", seen" if number == seen else ", hidden and as it always was"
    elif place.removes:
        what = "removed"
    else:
        what = "nothing"
    made_by = "the writable layer" if layer is None else instruction(layer.created_by, _CODE_WIDTH)
    return where, what, made_by


def _preview(shown: ContainerPath) -> str:
    try:
        entry = shown.entry
        if not entry.is_file or not 0 < entry.size <= _PREVIEW_LIMIT:
            return ""
        lines = shown.read_text().splitlines()
    except (PathNotFound, UnicodeDecodeError):
        return ""
    return "\n".join(lines[:_PREVIEW_LINES] + (["…"] if len(lines) > _PREVIEW_LINES else []))
