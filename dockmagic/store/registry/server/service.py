"""The embedded registry's listening socket."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.server import BaseHTTPRequestHandler

    from .search import Listing
    from .storage import Storage
    from .uploads import Uploads

__all__ = ["Service"]


class Service(ThreadingHTTPServer):
    """The listening socket with what its handlers share."""

    request_queue_size = 128
    storage: Storage
    uploads: Uploads
    listings: tuple[Listing, ...]
    users: Mapping[str, str]
    on_request: Callable[[str, str, int], None] | None

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: dict[Any, threading.Thread] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, known to `hang_up` from the beginning to the end."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection's requests until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away at any time; anything else is a fault of ours, and its traceback is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End all connections, idle or not, and wait for their threads."""
        for request, thread in list(self._connections.items()):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
            thread.join()
