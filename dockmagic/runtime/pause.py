"""A running container held still, so that its files do not change under a reader."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["held", "hold", "let_go", "members"]


@contextlib.contextmanager
def held(pid: int) -> Iterator[None]:
    """Stop every process of a container for the length of the block.

    Args:
        pid: of its first process; 0 if it does not run, and then nothing happens.
    """
    stopped = hold(pid) if pid else set()
    try:
        yield
    finally:
        _signal(stopped, signal.SIGCONT)


def hold(pid: int) -> set[int]:
    """Stop every process of the container with this first one; those that were stopped.

    By signals, as no unprivileged user may write to a freezer: a shell inside sees its jobs stop and go on.
    """
    stopped: set[int] = set()
    # Until a whole round finds nobody new: a process may have forked before it was stopped.
    while fresh := members(pid) - stopped:
        _signal(fresh, signal.SIGSTOP)
        stopped |= fresh
    return stopped


def let_go(pid: int) -> None:
    """Let every process of the container with this first one go on."""
    _signal(members(pid), signal.SIGCONT)


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def members(pid: int) -> set[int]:
    """Every process in the pid namespace of this one; if it has none of its own, it and its descendants."""
    try:
        namespace = Path(f"/proc/{pid}/ns/pid").readlink()
    except OSError:
        return set()
    if namespace == Path("/proc/self/ns/pid").readlink():
        return _family(pid)
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):
                if Path("/proc", entry, "ns", "pid").readlink() == namespace:
                    found.add(int(entry))
    return found


def _family(pid: int) -> set[int]:
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError, ValueError):
                # Behind the name, which may hold anything: state, parent (proc_pid_stat(5)).
                parents[int(entry)] = int(Path("/proc", entry, "stat").read_bytes().rpartition(b")")[2].split()[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family
