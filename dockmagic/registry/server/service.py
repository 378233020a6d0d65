"""The embedded registry's listening socket."""

from __future__ import annotations

import socket
import sys
import threading
import traceback
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from .access import Access
    from .limits import ServerLimits
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
    access: Access
    limits: ServerLimits
    on_request: Callable[[str, str, int], None] | None

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)
        self._connections: dict[Any, threading.Thread] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, known to `hang_up` from the beginning to the end."""
        if len(self._connections) >= self.limits.connections:
            self._turn_away(request)
            return
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[request] = thread
        thread.start()

    def _turn_away(self, request: Any) -> None:
        body = Fault("TOOMANYREQUESTS", "too many connections").body()
        head = f"HTTP/1.1 503 Service Unavailable\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/json\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
        with suppress(OSError):
            request.settimeout(0)  # what does not fit into the socket's buffer is not waited for
            request.send(head.encode() + body)
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection's requests until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go away at any time; anything else is a fault of ours, which is told in one line."""
        del request, client_address
        error = sys.exception()
        if isinstance(error, (ConnectionError, TimeoutError)) or error is None or error.__traceback__ is None:
            return
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        sys.stderr.write(f"the registry failed at {place}: {type(error).__name__}: {str(error)[:200]!r}\n")

    def hang_up(self) -> None:
        """End all connections, idle or not, and wait for their threads."""
        for request, thread in list(self._connections.items()):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
            thread.join()
