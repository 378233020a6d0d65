"""Wait in poll(2) until a signal comes, also one that came the moment before."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Wakeup"]

_CHUNK = 4096


class Wakeup:
    """A descriptor for poll(2) that is readable after a signal (`signal.set_wakeup_fd`).

    Python runs a handler between two bytecodes. A signal that comes after the last of them and before poll(2) sleeps
    would have to wait until something else happens; for who follows a silent program that is never.
    """

    def __init__(self, number: int, former: int) -> None:
        self._number = number
        self._former = former

    @classmethod
    @contextlib.contextmanager
    def armed(cls) -> Iterator[Wakeup | None]:
        """One that hears this process's signals; None outside the main thread, which alone handles them."""
        if threading.current_thread() is not threading.main_thread():
            yield None
            return
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        former = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield cls(reading, former)
        finally:
            signal.set_wakeup_fd(former)
            os.close(reading)
            os.close(writing)

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._number

    def rest(self) -> None:
        """Be silent until the next signal, and tell of the last ones whoever listened before, such as an event loop."""
        numbers = os.read(self._number, _CHUNK)
        if self._former >= 0:
            with contextlib.suppress(OSError):  # full: it has been told
                os.write(self._former, numbers)
