"""Signals that are to end the first process of a container, whatever the kernel drops. Imported by the shim."""

from __future__ import annotations

import os
import signal
import time

from . import disposition

__all__ = ["SignalEscalation"]

_GLANCE = 10  # milliseconds
_MOMENT = 1.0  # seconds; who blocks a signal for longer has a mind to


class SignalEscalation:
    """Sends signals, and sees that they end a process that does not provide for them.

    The kernel drops what would end a process 1 by default. Nothing is dropped as long as it is blocked, but when a
    program that blocks it for a moment only, while it forks, lets it in: that has to be seen.

    Args:
        processes: descriptor of /proc.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._sent: dict[int, float] = {}  # signals on their way, and until when they are looked after

    @property
    def patience(self) -> int | None:
        """Milliseconds until `look` is to be called; None if there is nothing to look after."""
        return _GLANCE if self._sent else None

    def send(self, pid: int, number: int) -> None:
        """Send a signal that is to end a process, unless that provides for it."""
        found = disposition.look(self._processes, pid, number)
        if found is not None and not (found.provided or found.blocked):
            number = signal.SIGKILL
        elif found is not None and not found.provided and found.busy:
            self._sent[number] = time.monotonic() + _MOMENT
        os.kill(pid, number)

    def look(self, pid: int) -> None:
        """See what became of the signals that were sent."""
        for number, end in list(self._sent.items()):
            found = disposition.look(self._processes, pid, number)
            if found is not None and found.pending and time.monotonic() < end:
                continue
            del self._sent[number]
            if found is not None and not (found.pending or found.provided or found.blocked):
                os.kill(pid, signal.SIGKILL)
