"""The little HTML that the static twins are made of.

Saved notebooks are read where no JavaScript and often no style sheet survives (GitHub, nbviewer), on white and on
black. So there are plain elements, ``<details>`` to open, a few inline styles that only decorate, translucent greys in
place of backgrounds, and no colour for text but three that can be read on both.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from .text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LETTER_COLOURS", "bar", "branches", "code", "details", "facts", "join", "letter", "line", "muted", "table", "text",
]  # fmt: skip

#: Docker's letters in colours that stand out from white and from black.
LETTER_COLOURS: Final = {"A": "#1a9a4b", "C": "#b8860b", "D": "#e5484d"}
_MONO: Final = "font-family:var(--jp-code-font-family,ui-monospace,Menlo,Consolas,monospace)"
_CELL: Final = "text-align:left;padding:2px 12px 2px 0;border:none;vertical-align:top"
_NUMBER: Final = "text-align:right;padding:2px 12px 2px 0;border:none;vertical-align:top;white-space:nowrap"


def text(value: object) -> str:
    """`value` as text."""
    return escape(printable(str(value)), quote=True)


def code(value: object, *, title: str = "") -> str:
    """`value` in letters of one width; `title` is shown when the mouse rests on it."""
    hover = f' title="{text(title)}"' if title else ""
    return f'<code style="background:none"{hover}>{text(value)}</code>'


def muted(value: object) -> str:
    """`value` in the background."""
    return f'<span style="opacity:.65">{text(value)}</span>'


def letter(which: str) -> str:
    """A, C or D in its colour."""
    return f'<b style="color:{LETTER_COLOURS[which]};{_MONO}">{which}</b>'


def line(mark: str, content: str, note: str) -> str:
    """Three parts on one line, however narrow the page is: the end of `content` gives way to dots."""
    clipped = f'<span style="overflow:hidden;text-overflow:ellipsis;white-space:nowrap">{content}</span>'
    rigid = '<span style="flex:none">'
    return f'<div style="display:flex;gap:.35em">{rigid}{mark}</span>{clipped}{rigid}{note}</span></div>'


def bar(share: float, *, colour: str = "#4c8bf5", width: int = 160) -> str:
    """A bar that fills `share` (0 to 1) of `width` pixels; invisible where styles are taken away."""
    inner = max(1, round(share * width)) if share > 0 else 0
    return (
        f'<span style="display:inline-block;width:{width}px;height:9px;border-radius:3px;'
        f'background:rgba(127,127,127,.18)"><span style="display:block;width:{inner}px;height:9px;'
        f'border-radius:3px;background:{colour}"></span></span>'
    )


def details(summary: str, body: str, *, opened: bool = False, style: str = "") -> str:
    """Something to open, with no script."""
    look = f' style="{style}"' if style else ""
    return f"<details{' open' if opened else ''}{look}><summary>{summary}</summary>{body}</details>"


def table(rows: Iterable[Iterable[str]], *, header: Iterable[str] = (), numbers: Iterable[int] = ()) -> str:
    """A table of ready-made cells.

    Args:
        rows: cells as HTML.
        header: headings as text; none if empty.
        numbers: places of the columns that stand to the right.
    """
    right = set(numbers)

    def cells(tag: str, row: Iterable[str]) -> str:
        return "".join(
            f'<{tag} style="{_NUMBER if place in right else _CELL}">{cell}</{tag}>' for place, cell in enumerate(row)
        )

    head = f"<thead><tr>{cells('th', map(text, header))}</tr></thead>" if header else ""
    body = "".join(f'<tr style="background:none">{cells("td", row)}</tr>' for row in rows)
    return f'<table style="border-collapse:collapse;border:none;margin:2px 0">{head}<tbody>{body}</tbody></table>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values (as HTML) below one another."""
    return table((muted(name), value) for name, value in pairs)


def branches(items: Iterable[str]) -> str:
    """One level of a tree: a list, which is indented also where styles are taken away."""
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul style="list-style:none;margin:0;padding-left:1.3em">{lines}</ul>' if lines else ""


def join(*parts: str) -> str:
    """Parts of one display."""
    return f'<div style="line-height:1.45;margin:2px 0">{"".join(parts)}</div>'
