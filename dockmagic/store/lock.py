"""Locks on open files, which end with the process that holds them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lock", "try_lock"]

# How often a waiting thread looks again, in seconds. Polling, because nothing could interrupt a blocking lock that a
# worker thread waits for.
_PATIENCE = 0.02

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:  # noqa: ARG001 - Windows has exclusive ones only
        """Lock the open file if it is free; whether it was."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Lock the open file if it is free; whether it was."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def lock(descriptor: int, *, shared: bool = False, stop: Callable[[], bool] | None = None) -> None:
    """Lock the open file `descriptor`, waiting until it is free.

    Args:
        descriptor: of the open file; closing it gives the lock back.
        shared: whether others may hold it too, as long as all share.
        stop: asked while waiting; when it returns true, waiting ends.

    Raises:
        InterruptedError: `stop` said so.
    """
    while not try_lock(descriptor, shared=shared):
        if stop is not None and stop():
            raise InterruptedError("stopped while waiting for a lock")
        time.sleep(_PATIENCE)
