"""HTTP over a socket of this machine."""

from __future__ import annotations

import socket
from http.client import HTTPConnection

__all__ = ["UnixConnection"]

_TIMEOUT = 600.0  # seconds: a daemon unpacks an image before it answers


class UnixConnection(HTTPConnection):
    """A connection to a server on a Unix socket.

    Args:
        path: of the socket.
    """

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """Connect.

        Raises:
            OSError: nobody listens there.
        """
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
