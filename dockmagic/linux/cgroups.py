"""Control groups, versions 1 and 2, as far as this process may write them. Imported by the shim."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["enter", "join", "leave", "writable"]

_ROOT = "/sys/fs/cgroup"
_PERIOD = 100_000  # microseconds, the kernel's default


def writable(root: str = _ROOT) -> dict[str, str]:
    """The folder, for each controller of memory, cpu and pids that is ours to use, in which groups can be made."""
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        _, names, path = line.split(":", 2)
        for name in names.split(",") if names else ():
            if name in ("memory", "cpu", "pids"):
                # In a namespace of its own the path may be one of the host's, which is not seen here.
                folder = next((f for f in (f"{root}/{name}{path}", f"{root}/{name}") if os.path.isdir(f)), "")
                if folder and os.access(folder, os.W_OK):
                    found[name] = folder.rstrip("/")
        if not names and os.path.exists(f"{root}/cgroup.controllers"):
            found.update(_second(root, path))
    return found


def _second(root: str, path: str) -> dict[str, str]:
    # A group that has processes cannot give controllers to groups below it, so ours comes beside or above it
    # (cgroup-v2.rst, "No Internal Process Constraint").
    folder = f"{root}{path}".rstrip("/")
    while len(folder) >= len(root):
        if os.access(folder, os.W_OK) and os.access(f"{folder}/cgroup.procs", os.W_OK):
            try:
                with open(f"{folder}/cgroup.subtree_control", encoding="utf-8") as file:
                    given = set(file.read().split())
            except OSError:
                given = set()
            if given & {"memory", "cpu", "pids"}:
                return {name: folder for name in ("memory", "cpu", "pids") if name in given}
        folder = folder.rpartition("/")[0]
    return {}


def _settings(limits: dict[str, Any], controller: str, *, second: bool) -> dict[str, str]:
    if controller == "memory":
        return {"memory.max" if second else "memory.limit_in_bytes": str(limits["memory"])}
    if controller == "pids":
        return {"pids.max": str(limits["pids"])}
    quota = int(limits["cpus"] * _PERIOD)
    if second:
        return {"cpu.max": f"{quota} {_PERIOD}"}
    return {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": str(quota)}


def enter(name: str, pid: int, groups: dict[str, str], limits: dict[str, Any]) -> list[str]:
    """Put a process into groups of its own.

    Args:
        name: of the groups.
        pid: the process.
        groups: folder for each controller that is to hold something.
        limits: memory (bytes), cpus, pids.

    Returns:
        The folders, for `leave`.

    Raises:
        OSError: the kernel refuses.
    """
    made: list[str] = []
    for controller, folder in groups.items():
        group = f"{folder}/{name}"
        if group not in made:
            os.mkdir(group)
            made.append(group)
        second = os.path.exists(f"{folder}/cgroup.subtree_control")
        for file, value in _settings(limits, controller, second=second).items():
            _write(f"{group}/{file}", value)
    join(made, pid)
    return made


def join(folders: list[str], pid: int = 0) -> None:
    """Put a process (0: this one) into groups that `enter` made."""
    for folder in folders:
        _write(f"{folder}/cgroup.procs", str(pid))


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def leave(folders: list[str]) -> None:
    """Remove groups whose processes have ended."""
    for folder in folders:
        try:
            os.rmdir(folder)
        except OSError:
            continue
