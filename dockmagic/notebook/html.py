"""The little HTML that the static twins are made of.

Saved notebooks are read where no JavaScript and often no style sheet survives (GitHub, nbviewer), on white and on
black. So there are plain elements, ``<details>`` to open, a few inline styles that only decorate, translucent greys in
place of backgrounds, and no colour for text but three that can be read on both.

What images, files and programs say is text. Only a `Markup` is markup; all else is escaped wherever it gets into one.
A `Markup` is made of a literal in our source, with ``{}`` where text goes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import markupsafe

from .text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BLANK", "LETTER_COLOURS", "NOTHING", "SPACE", "Markup", "bar", "bold", "branches", "code", "details", "div",
    "facts", "join", "letter", "line", "muted", "pre", "run", "table", "text",
]  # fmt: skip


class Markup(markupsafe.Markup):
    """HTML. Its methods escape what is put into it, unless that is a `Markup` itself."""

    __slots__ = ()

    @classmethod
    def escape(cls, s: Any, /) -> Markup:
        """`s` as text, and control characters in it made visible; a `Markup` as it is."""
        if isinstance(s, Markup):
            return s
        return cls(escape(printable(str(s))))


#: Docker's letters in colours that stand out from white and from black.
LETTER_COLOURS: Final = {"A": "#1a9a4b", "C": "#b8860b", "D": "#e5484d"}
NOTHING: Final = Markup("")
BLANK: Final = Markup("&nbsp;")
SPACE: Final = Markup(" &nbsp;")
_MONO: Final = "font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace)"
_CELL: Final = "text-align:left;padding:2px 12px 2px 0;border:none;vertical-align:top"
_NUMBER: Final = "text-align:right;padding:2px 12px 2px 0;border:none;vertical-align:top;white-space:nowrap"


def text(value: object) -> Markup:
    """`value` as text; a `Markup` as it is."""
    return Markup.escape(value)


def run(*parts: object) -> Markup:
    """Parts one after another."""
    return NOTHING.join(map(text, parts))


def code(value: object, *, title: str = "") -> Markup:
    """`value` in letters of one width; `title` is shown when the mouse rests on it."""
    if title:
        return Markup('<code style="background:none" title="{}">{}</code>').format(title, value)
    return Markup('<code style="background:none">{}</code>').format(value)


def muted(value: object) -> Markup:
    """`value` in the background."""
    return Markup('<span style="opacity:.65">{}</span>').format(value)


def bold(value: object) -> Markup:
    """`value` in bold letters."""
    return Markup("<b>{}</b>").format(value)


def div(*parts: object, style: str = "") -> Markup:
    """Parts on a line, or in a block, of their own."""
    if style:
        return Markup('<div style="{}">{}</div>').format(style, run(*parts))
    return Markup("<div>{}</div>").format(run(*parts))


def pre(content: object, *, style: str = "margin:4px 0") -> Markup:
    """Lines as they are."""
    return Markup('<pre style="{}">{}</pre>').format(style, content)


def letter(which: str) -> Markup:
    """A, C or D in its colour."""
    return Markup('<b style="color:{};{}">{}</b>').format(LETTER_COLOURS[which], _MONO, which)


def line(mark: object, content: object, note: object) -> Markup:
    """Three parts on one line, however narrow the page is: the end of `content` gives way to dots."""
    return Markup(
        '<div style="display:flex;gap:.35em"><span style="flex:none">{}</span>'
        '<span style="overflow:hidden;text-overflow:ellipsis;white-space:nowrap">{}</span>'
        '<span style="flex:none">{}</span></div>'
    ).format(mark, content, note)


def bar(share: float, *, colour: str = "#4c8bf5", width: int = 160, progress_of: str = "") -> Markup:
    """A bar that fills `share` (0 to 1) of `width` pixels; invisible where styles are taken away.

    Args:
        share: that is filled.
        colour: of the filled part.
        width: in pixels.
        progress_of: what is under way, for a screen reader, if the bar is the progress of something.
    """
    inner = max(1, round(share * width)) if share > 0 else 0
    role = (
        Markup(' role="progressbar" aria-label="{}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}"').format(
            progress_of, round(100 * share)
        )
        if progress_of
        else NOTHING
    )
    return Markup(
        '<span{} style="display:inline-block;width:{}px;height:9px;border-radius:3px;'
        'background:rgba(127,127,127,.18)"><span style="display:block;width:{}px;height:9px;'
        'border-radius:3px;background:{}"></span></span>'
    ).format(role, width, inner, colour)


def details(summary: object, body: object, *, opened: bool = False, style: str = "") -> Markup:
    """Something to open, with no script."""
    look = Markup(' style="{}"').format(style) if style else NOTHING
    opening = Markup(" open") if opened else NOTHING
    return Markup("<details{}{}><summary>{}</summary>{}</details>").format(opening, look, summary, body)


def table(rows: Iterable[Iterable[object]], *, header: Iterable[str] = (), numbers: Iterable[int] = ()) -> Markup:
    """A table.

    Args:
        rows: cells.
        header: headings; none if empty.
        numbers: places of the columns that stand to the right.
    """
    right = set(numbers)

    def cells(cell: Markup, row: Iterable[object]) -> Markup:
        return run(*(cell.format(_NUMBER if place in right else _CELL, value) for place, value in enumerate(row)))

    heading, datum = Markup('<th style="{}">{}</th>'), Markup('<td style="{}">{}</td>')
    head = Markup("<thead><tr>{}</tr></thead>").format(cells(heading, header)) if header else NOTHING
    body = run(*(Markup('<tr style="background:none">{}</tr>').format(cells(datum, row)) for row in rows))
    return Markup(
        '<table style="border-collapse:collapse;border:none;margin:2px 0">{}<tbody>{}</tbody></table>'
    ).format(head, body)


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Names and values below one another."""
    return table((muted(name), value) for name, value in pairs)


def branches(items: Iterable[object]) -> Markup:
    """One level of a tree: a list, which is indented also where styles are taken away."""
    lines = run(*(Markup("<li>{}</li>").format(item) for item in items))
    return Markup('<ul style="list-style:none;margin:0;padding-left:1.3em">{}</ul>').format(lines) if lines else NOTHING


def join(*parts: object) -> Markup:
    """Parts of one display."""
    return div(*parts, style="line-height:1.45;margin:2px 0")
