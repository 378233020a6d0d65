"""A live session on a page: what its terminal shows, a line to type, and how to go on in later cells."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from dockmagic.notebook import html
from dockmagic.notebook.text import printable

from .view import is_live

if TYPE_CHECKING:
    from dockmagic.notebook.terminals.terminal import LiveSession

    from .widget import ViewWidget

__all__ = ["live_session"]

_LINES: Final = 40
_LIVE_LINES: Final = 500
_INTERVAL: Final = 0.1
_SCREEN: Final = "border:1px solid rgba(127,127,127,.35);border-radius:6px;padding:6px 10px;margin:4px 0;overflow:auto"


def live_session(shown: LiveSession) -> dict[str, Any]:
    """Its twins, which tell of this moment, and where there is a kernel a screen that goes on."""
    twins = {"text/plain": printable(_text(shown)), "text/html": _html(shown)}
    if not is_live():
        return twins
    return {**_page(shown).bundle(), **twins}


def _page(shown: LiveSession) -> ViewWidget:
    """The widget of a session, one for all cells that show it."""
    from dockmagic.notebook.terminals.page import Page

    from .widget import ViewWidget

    if shown.page is None:
        widget = ViewWidget("terminal.js", _state(shown), lambda _: {})
        page = Page(shown, widget.send)

        def hear(_widget: object, message: dict[str, Any], _buffers: object) -> None:
            if message.get("ask") == "lines":  # this page has no xterm.js
                threading.Thread(target=_paint, args=(shown, widget), name="dockmagic-screen", daemon=True).start()
            else:
                page.hear(message)

        widget.on_msg(widget.hear, remove=True)
        widget.on_msg(hear)
        threading.Thread(target=_tell_end, args=(shown, widget), name="dockmagic-screen", daemon=True).start()
        shown.page = widget
    page_widget: ViewWidget = shown.page
    page_widget.state = _state(shown)
    return page_widget


def _head(shown: LiveSession) -> str:
    ended = "left" if shown.exit_code is None else f"ended with exit code {shown.exit_code}"
    how = "running" if shown.running else ended
    return f"{shown.container.name}: {shown.command} in {shown.container.record.image}, {how}"


def _cells(shown: LiveSession) -> tuple[tuple[str, str], ...]:
    name = shown.container.name
    if not shown.own:
        return (('session.send("…")', "type a line; session is this object"),) if shown.running else ()
    if not shown.running:
        if not shown.container.folder.exists():
            return ()  # it went with its end (--rm)
        return ((f"%docker start {name}", "start it again"), (f"%docker rm {name}", "remove it"))
    return (
        (f"%%docker attach {name}", "type the lines below it"),
        (f"%%docker exec -i {name} sh", "run the lines below it beside it"),
    )


def _last_lines(shown: LiveSession, limit: int) -> str:
    lines = shown.text.splitlines()
    return "\n".join(["…", *lines[-limit:]] if len(lines) > limit else lines)


def _text(shown: LiveSession) -> str:
    lines = _last_lines(shown, _LINES)
    cells = [f"  {cell}   # {why}" for cell, why in _cells(shown)]
    return "\n".join([_head(shown), *([lines] if lines else []), *cells])


def _html(shown: LiveSession) -> str:
    screen = html.pre(_last_lines(shown, _LINES) or html.BLANK, style=_SCREEN)
    cells = html.table([html.code(cell), html.muted(why)] for cell, why in _cells(shown))
    return html.join(html.div(html.bold(_head(shown))), screen, cells)


def _state(shown: LiveSession) -> dict[str, Any]:
    return {
        "title": _head(shown),
        "running": shown.running,
        "cells": [list(cell) for cell in _cells(shown)],
    }


def _tell_end(shown: LiveSession, widget: ViewWidget) -> None:
    with shown.changed:
        shown.changed.wait_for(lambda: not shown.running)
    widget.state = _state(shown)


def _paint(shown: LiveSession, widget: ViewWidget) -> None:
    seen = -1
    while shown.running:
        seen = shown.await_more(seen)
        widget.state = _state(shown) | {"text": _last_lines(shown, _LIVE_LINES)}
        time.sleep(_INTERVAL)
    widget.state = _state(shown) | {"text": _last_lines(shown, _LIVE_LINES)}
