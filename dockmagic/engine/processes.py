"""The processes of a container, as this machine sees them (proc(5))."""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import Conflict
from dockmagic.rows import ProcessRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.run.container import Container

__all__ = ["processes"]

# Fields of /proc/PID/stat after the name, which may have blanks in it.
_PPID, _UTIME, _STIME, _STARTED = 1, 11, 12, 19


def processes(container: Container) -> tuple[ProcessRow, ...]:
    """The processes of a running container, oldest first.

    Raises:
        Conflict: it does not run.
    """
    state = container.state
    if state.status not in ("running", "paused"):
        raise Conflict(f"the container {container.name} is not running", hint=f"Start it: start {container.name}")
    return tuple(sorted(_rows(state.pid), key=lambda row: (row.started_at, row.pid)))


def _rows(first: int) -> Iterator[ProcessRow]:
    namespace = Path(f"/proc/{first}/ns/pid").readlink()
    ticks = os.sysconf("SC_CLK_TCK")
    booted = next(int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line[:6] == "btime ")
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if (folder / "ns" / "pid").readlink() != namespace:
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            name = (folder / "comm").read_text().strip()
            words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            owner = folder.stat().st_uid
        except OSError:  # it has ended, or is no business of ours
            continue
        seconds = (int(fields[_UTIME]) + int(fields[_STIME])) // ticks
        yield ProcessRow(
            user=_user(owner),
            pid=int(folder.name),
            ppid=int(fields[_PPID]),
            started_at=datetime.fromtimestamp(booted + int(fields[_STARTED]) // ticks, UTC),
            time=f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
            command=b" ".join(words).decode("utf-8", "replace") or f"[{name}]",
        )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
