"""Messages between the shim and its children: one JSON object each, descriptors beside it. Imported by it."""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["hear", "tell"]

_MESSAGE = 1 << 18


def hear(sock: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and its descriptors; nothing if the other side has closed."""
    data, descriptors, _, _ = socket.recv_fds(sock, _MESSAGE, 2)
    return (json.loads(data) if data else {}), descriptors


def tell(sock: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    """Send a message."""
    data = json.dumps(message).encode()
    if descriptors:
        socket.send_fds(sock, [data], list(descriptors))
    else:
        sock.send(data)
