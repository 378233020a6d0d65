"""A web site of files, for what builds fetch."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Site"]


class Site:
    """A server of files that counts what it is asked for; ``/moved/f`` leads to ``/f``, ``/undated/f`` has no time.

    Attributes:
        odd: header → value that every answer has instead of its own.
        only: the file that is behind every path; empty for each its own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        self.odd: dict[str, str] = {}
        self.only = ""
        site = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, directory=str(root), **options)

            def send_response(self, code: int, message: str | None = None) -> None:
                site.asked.append(f"{code} {self.path}")
                super().send_response(code, message)

            def do_GET(self) -> None:
                if self.path.startswith("/moved/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/moved"))
                    self.end_headers()
                else:
                    super().do_GET()

            def translate_path(self, path: str) -> str:
                return str(root / site.only) if site.only else super().translate_path(path.removeprefix("/undated"))

            def send_header(self, keyword: str, value: str) -> None:
                value = site.odd.get(keyword, value)
                if keyword != "Last-Modified" or not self.path.startswith("/undated/"):
                    super().send_header(keyword, value)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
