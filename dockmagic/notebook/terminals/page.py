"""A session's terminal in pages: output goes as fast as a page draws it, and keys come back.

A page says up to which byte it takes output; so much is sent and no more, however fast the program is. What it misses
meanwhile is left out, and said.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from dockmagic.oci.errors import DockmagicError

from .xterm import xterm

if TYPE_CHECKING:
    from collections.abc import Callable

    from .terminal import LiveSession

    _Send = Callable[[dict[str, Any], list[bytes]], None]

__all__ = ["Page"]

_PIECE: Final = 1 << 16
#: Seconds between two sendings, so that many small writes of a program go together.
_TOGETHER: Final = 0.01
_LARGEST: Final = 1000  # rows or columns


class _View:
    def __init__(self, sent: int) -> None:
        self.sent = self.until = sent


class Page:
    """The other side of ``static/terminal.js``.

    Args:
        live: the session.
        send: sends a message, with bytes beside it, to all pages that show the session.
    """

    def __init__(self, live: LiveSession, send: _Send) -> None:
        self._live = live
        self._send = send
        self._views: dict[str, _View] = {}
        self._leader = ""
        threading.Thread(target=self._feed, name="dockmagic-terminal", daemon=True).start()

    def hear(self, message: dict[str, Any]) -> None:
        """Answer a page."""
        view = str(message.get("view", ""))
        match message.get("ask"):
            case "library":
                found = xterm()
                parts = {"script": found.script, "style": found.style} if found else {"problem": "not installed"}
                self._send({"kind": "library", **parts}, [])
            case "ready":
                self._begin(view)
                self._lead(view, message)
            case "lead" | "resize":
                self._lead(view, message)
            case "grant" if view in self._views:
                with self._live.changed:
                    self._views[view].until = int(message["until"])
                    self._live.changed.notify_all()
            case "gone":
                with self._live.changed:
                    self._views.pop(view, None)
            case "keys":
                self._send({"kind": "taken", "view": view, "full": not self._type(str(message["text"]))}, [])

    def _type(self, text: str) -> bool:
        try:
            return self._live.type_ahead(text.encode("utf-8", "surrogateescape"))
        except (DockmagicError, UnicodeEncodeError):
            return True  # it has just ended: the view will say so

    def _begin(self, view: str) -> None:
        with self._live.changed:
            log = self._live.scrollback
            self._views[view] = _View(log.start)
            begin = {"kind": "begin", "view": view, "at": log.start, "end": log.end}
            modes = log.modes()
        self._send(begin, [modes])

    def _lead(self, view: str, message: dict[str, Any]) -> None:
        """Let one view answer for all: it says how large the terminal is, and what it is."""
        rows, columns = (min(max(int(message[name]), 1), _LARGEST) for name in ("rows", "columns"))
        if message["ask"] == "resize" and view != self._leader:
            return
        self._leader = view
        self._live.resize(rows, columns)
        self._send({"kind": "leader", "view": view, "rows": rows, "columns": columns}, [])

    def _feed(self) -> None:
        live = self._live
        while True:
            with live.changed:
                live.changed.wait_for(lambda: not live.running or self._due())
                pieces = [self._piece(name, view) for name, view in self._due()]
                if not pieces and not live.running:
                    live.changed.wait_for(self._due)  # a page that is loaded again draws what there was
                    continue
            for message, data in pieces:
                self._send(message, [data])
            time.sleep(_TOGETHER)

    def _due(self) -> list[tuple[str, _View]]:
        end = self._live.scrollback.end
        return [(name, view) for name, view in self._views.items() if view.sent < min(view.until, end)]

    def _piece(self, name: str, view: _View) -> tuple[dict[str, Any], bytes]:
        log = self._live.scrollback
        lost = max(0, log.start - view.sent)
        at = view.sent + lost
        data = log.read(at, _PIECE)
        view.sent = at + len(data)
        if lost:
            view.until = max(view.until, view.sent)
            data = log.modes() + data
        return {"kind": "output", "view": name, "end": view.sent, "lost": lost}, data
