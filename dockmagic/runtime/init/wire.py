"""Messages between the shim and its children. Imported by it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from dockmagic.runtime.messages.init import InitReport

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["hear", "tell"]

_MESSAGE = 1 << 18


def hear(sock: socket.socket) -> tuple[InitReport | None, list[int]]:
    """The next report and its descriptors; None if the other side has closed.

    Raises:
        MalformedMessage: it is none.
    """
    data, descriptors, _, _ = socket.recv_fds(sock, _MESSAGE, 2)
    return (InitReport.decode(data) if data else None), descriptors


def tell(sock: socket.socket, report: InitReport, descriptors: Sequence[int] = ()) -> None:
    """Send a report."""
    if descriptors:
        socket.send_fds(sock, [report.encode()], list(descriptors))
    else:
        sock.send(report.encode())
