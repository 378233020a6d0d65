"""What shim and worker are told of a container: its record, and what it means on this machine now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.oci.errors import InvalidInput, PathNotFound

from . import hosts
from .flags import limits
from .machine.isolation import Isolation
from .shim import reaper

if TYPE_CHECKING:
    from .disk.record import Record

__all__ = ["anonymous_volumes", "ready_sources", "spec_of"]


_GENERATED = {"type": "bind", "generated": True}


def spec_of(record: Record, folder: Path) -> dict[str, Any]:
    """All that a shim or a worker needs to know of the container in `folder`, ready for JSON."""
    isolation = Isolation.of(record.tier, record.isolation)
    held = limits.hold(record.limits, isolation)
    return {
        **isolation.record(),
        "folder": str(folder),
        "layers": list(record.layers),
        "layers_folder": record.layers_folder,
        "hostname": record.hostname,
        "network": record.network,
        "read_only": record.read_only,
        "shm_size": record.shm_size,
        "tty": record.tty,
        "open_stdin": record.open_stdin,
        "filter": record.filter,
        "ports": msgspec.to_builtins(record.ports) if record.network == "none" else [],
        "limits": held.record(record.limits),
        "keep_log": record.keep_log,
        "auto_remove": record.auto_remove,
        "gone_with_it": anonymous_volumes(record),
        "mounts": _mounts(record, folder),
        "process": {
            "argv": list(record.argv),
            "env": list(record.env),
            "cwd": record.cwd,
            "make_cwd": True,
            "user": record.user,
            "groups": list(record.groups),
            "tty": record.tty,
            "capabilities": record.capabilities,
            "no_new_privs": record.no_new_privs,
            "rlimits": held.rlimits,
        },
    }


def _mounts(record: Record, folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        msgspec.to_builtins(mount) | {"fill": mount.type == "volume" and not mount.no_copy} for mount in record.mounts
    ]
    targets = {mount["target"] for mount in found}
    # Writable like the root that they belong to (moby, container_unix.go: NetworkMounts).
    found += [
        {**_GENERATED, "target": f"/etc/{name}", "source": str(folder / name), "read_only": record.read_only}
        for name in hosts.FILES
        if f"/etc/{name}" not in targets
    ]
    if record.init:
        found.append({**_GENERATED, "target": reaper.INSIDE, "source": record.init, "read_only": True})
    # Outer folders before what lies in them: the files above lie over a volume at /etc, too.
    return sorted(found, key=lambda mount: mount["target"].count("/"))


def anonymous_volumes(record: Record) -> list[str]:
    """Folders of the volumes that nobody named."""
    return [str(Path(mount.source).parent) for mount in record.mounts if mount.anonymous]


def ready_sources(record: Record) -> None:
    """See that what a container mounts is there, and make the folders of ``-v`` that are not, as docker does.

    Raises:
        PathNotFound: something is not there.
        InvalidInput: a folder cannot be made.
    """
    for mount in record.mounts:
        if not mount.source or os.path.lexists(mount.source):
            continue
        if mount.make:
            try:
                os.makedirs(mount.source, exist_ok=True)
            except OSError as error:
                raise InvalidInput(
                    f"the folder {mount.source} for {mount.target} is not there and cannot be made: {error.strerror}",
                    hint="Correct -v",
                ) from None
        else:
            raise PathNotFound(
                f"{mount.source}, which the container mounts at {mount.target}, is not there any more",
                hint="Create it, or make the container anew without it",
            )
