"""How a process handles a signal, from proc(5). Imported by the shim."""

from __future__ import annotations

import os
from typing import NamedTuple

__all__ = ["Disposition", "look"]

_MORE_THAN_A_STATUS = 8192  # bytes
_SIGTIMEDWAIT = {"x86_64": b"128", "aarch64": b"137"}


class Disposition(NamedTuple):
    """How it is with one signal.

    Attributes:
        provided: it is caught, ignored or waited for.
        blocked: it waits if it comes.
        pending: one waits.
        busy: the process runs, or waits for nothing that a signal could end.
    """

    provided: bool
    blocked: bool
    pending: bool
    busy: bool


def look(processes: int, pid: int, number: int) -> Disposition | None:
    """How it is with the signal `number` in a process; None if that has gone.

    Args:
        processes: descriptor of /proc.
        pid: of the process.
        number: of the signal.
    """
    try:
        lines = _read(processes, f"{pid}/status").split(b"\n")
    except OSError:
        return None
    fields = dict(line.split(b":\t", 1) for line in lines if b":\t" in line)

    def has(*names: bytes) -> bool:
        return any(int(fields[name], 16) >> (number - 1) & 1 for name in names)

    return Disposition(
        provided=has(b"SigCgt", b"SigIgn") or _waits(processes, pid),
        blocked=has(b"SigBlk"),
        pending=has(b"SigPnd", b"ShdPnd"),
        busy=not fields[b"State"].startswith(b"S"),
    )


def _waits(processes: int, pid: int) -> bool:
    """Whether a thread is in sigwait(3): the kernel then tells what it waits for as neither blocked nor caught."""
    try:
        folder = os.open(f"{pid}/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=processes)
    except OSError:
        return False
    call = _SIGTIMEDWAIT.get(os.uname().machine, b"")
    try:
        for thread in os.listdir(folder):
            try:
                if _read(folder, f"{thread}/syscall").split(b" ", 1)[0] == call:
                    return True
            except OSError:
                continue
    finally:
        os.close(folder)
    return False


def _read(folder: int, name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.read(descriptor, _MORE_THAN_A_STATUS)
    finally:
        os.close(descriptor)
