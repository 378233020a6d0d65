"""A container's stack as static HTML and text: one writable layer on top of the image's, which never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import human_size
from dockmagic.rows.words import instruction

from . import html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dockmagic.image.image import Image

__all__ = ["READ_ONLY", "WRITABLE", "image_lines", "image_slabs", "slab"]

WRITABLE, READ_ONLY = "#e0a030", "rgba(127,127,127,.35)"
_CODE_WIDTH: Final = 72


def slab(summary: object, body: object = "", *, colour: str = READ_ONLY, opened: bool = False) -> html.Markup:
    """One layer of the picture; it opens if there is something in it."""
    style = f"border:1px solid {colour};border-left-width:4px;border-radius:6px;padding:3px 10px;margin:3px 0"
    if not body:
        return html.div(summary, style=style)
    return html.details(summary, html.div(body, style="margin:4px 0 4px 1.2em"), opened=opened, style=style)


def image_slabs(image: Image, notes: Mapping[int, object] | None = None) -> html.Markup:
    """The layers of an image, the top one first.

    Args:
        image: below the writable layer.
        notes: what to say of a layer, by its index.
    """
    notes = notes or {}
    slabs = []
    for layer in reversed(list(image.layers)):
        made_by = html.code(instruction(layer.created_by, _CODE_WIDTH), title=layer.created_by)
        note = (html.SPACE, notes[layer.index]) if layer.index in notes else ()
        head = (html.bold(layer.index), html.SPACE, human_size(layer.size), html.SPACE, made_by, *note)
        slabs.append(slab(html.run(*head)))
    return html.run(*slabs)


def image_lines(image: Image, notes: Mapping[int, str] | None = None) -> Iterable[str]:
    """The same as text."""
    notes = notes or {}
    for layer in reversed(list(image.layers)):
        line = f"{layer.index:>4}  {human_size(layer.size):>8}  {instruction(layer.created_by, _CODE_WIDTH)}"
        yield f"{line}  {notes[layer.index]}" if layer.index in notes else line
