"""The processes of a container, as this machine sees them (proc(5))."""

from __future__ import annotations

import os
import pwd
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.oci.errors import Conflict, InvalidInput, NotSupported
from dockmagic.rows import ProcessRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockmagic.runtime.container import Container

__all__ = ["processes", "ps_output"]

# Fields of /proc/PID/stat after the name, which may have blanks in it.
_PPID, _UTIME, _STIME, _STARTED = 1, 11, 12, 19


def processes(container: Container) -> tuple[ProcessRow, ...]:
    """The processes of a running container, oldest first.

    Raises:
        Conflict: it does not run.
    """
    state = container.state
    if state.status not in ("running", "paused"):
        raise Conflict(f"the container {container.name} is not running", hint=f"Start it: `start {container.name}`")
    return tuple(sorted(_rows(state.pid), key=lambda row: (row.started_at, row.pid)))


def ps_output(container: Container, options: Sequence[str]) -> str:
    """What this machine's ps(1) says of the processes of a running container.

    Args:
        container: which.
        options: for ps, as docker takes them: ``-o pid,args`` or ``aux``.

    Raises:
        Conflict: it does not run.
        InvalidInput: ps does not take the options, or its output has no column PID.
        NotSupported: there is no ps on this machine.
    """
    ours = {str(row.pid) for row in processes(container)}
    try:
        done = subprocess.run(["ps", *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603, S607  (this machine's)
    except FileNotFoundError:
        raise NotSupported(
            "options for top need ps, and this machine has none",
            hint="Install procps, or use `top CONTAINER` without options",
        ) from None
    header, *lines = done.stdout.splitlines() or [""]
    titles = header.split()
    if done.returncode and not done.stdout:
        reason = next((line for line in done.stderr.splitlines() if line.strip()), "it failed").strip()
        raise InvalidInput(f"ps {' '.join(options)}: {reason}", hint="See ps(1) for its options")
    if "PID" not in titles:
        raise InvalidInput("the output of ps has no column PID", hint="Ask for it, too: -o pid,…")
    place = titles.index("PID")
    return "\n".join([header, *(line for line in lines if line.split(maxsplit=place + 1)[place] in ours)])


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
