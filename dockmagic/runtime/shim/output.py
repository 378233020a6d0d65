"""A container's output on its way into the log, and past a log that is full to who follows. Imported by the shim."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import log

if TYPE_CHECKING:
    from collections.abc import Collection

    from .client import Client

__all__ = ["Output"]


class Output:
    """Where what a container writes goes to.

    Who follows reads the log. Once the log could not take something, who follows gets that and all that comes later by
    pipes, one for each stream: only there nothing is missing. Programs wait while such a pipe is full.

    Args:
        path: of the log; empty if nobody keeps one.

    Attributes:
        log: its descriptor; -1 for none.
        waiting: pipes that are full, and what they are still to take. Until it is empty nothing is to be written.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self.log = os.open(path, flags, 0o600) if path else -1
        self.waiting: dict[int, bytes] = {}
        self._pipes: dict[int, int] = {}

    @property
    def size(self) -> int:
        """Bytes of the log; 0 for none."""
        return os.fstat(self.log).st_size if self.log >= 0 else 0

    def write(self, stream: int, data: bytes, clients: Collection[Client]) -> None:
        """Hand on what came on `stream`."""
        try:
            log.append(self.log, stream, data)
        except OSError as error:  # the disk is full: the program goes on, as under docker
            for client in clients:
                if client.hears:
                    self._lead_past(client, error)
        for into in [into for into, of in self._pipes.items() if of == stream]:
            self.put(into, data)
        for client in clients:
            client.tell_news()

    def put(self, into: int, data: bytes) -> None:
        """Write as much as a pipe takes; the rest is `waiting`."""
        try:
            rest = data[os.write(into, data) :]
        except BlockingIOError:
            rest = data
        except OSError:  # whose it was has gone
            del self._pipes[into]
            os.close(into)
            rest = b""
        if rest:
            self.waiting[into] = rest
        else:
            self.waiting.pop(into, None)

    def _lead_past(self, client: Client, error: OSError) -> None:
        ends = []
        for stream in (log.STDOUT, log.STDERR):
            out, into = os.pipe()
            os.set_blocking(into, False)
            self._pipes[into] = stream
            ends.append(out)
        client.lead_past(self.size, error, tuple(ends))
        for end in ends:
            os.close(end)
