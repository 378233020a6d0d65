"""A running container held still, so that its files do not change under a reader."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .container import Container

__all__ = ["paused"]


@contextlib.contextmanager
def paused(container: Container) -> Iterator[None]:
    """Stop every process of the container for the length of the block; nothing if it does not run.

    By signals, as no unprivileged user may write to a freezer: a shell inside sees its jobs stop and go on.
    """
    state = container.state
    if state.status != "running":
        yield
        return
    stopped: set[int] = set()
    try:
        # Until a whole round finds nobody new: a process may have forked before it was stopped.
        while fresh := _members(state.pid) - stopped:
            for pid in fresh:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGSTOP)
            stopped |= fresh
        yield
    finally:
        for pid in stopped:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)


def _members(first: int) -> set[int]:
    try:
        namespace = Path(f"/proc/{first}/ns/pid").readlink()
    except OSError:
        return set()
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):
                if Path("/proc", entry, "ns", "pid").readlink() == namespace:
                    found.add(int(entry))
    return found
