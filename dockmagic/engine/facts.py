"""Facts about this installation: version, store, disk space."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dockmagic
from dockmagic.oci.platforms import Platform
from dockmagic.rows import DiskUsageRow
from dockmagic.store.home import Home

from .folders import folder_size
from .volumes import Volumes

if TYPE_CHECKING:
    from dockmagic.runtime.disk.record import State

    from .context import EngineContext

__all__ = ["disk_usage", "information", "version"]

_ACTIVE: Final = ("running", "paused")


def version() -> dict[str, Any]:
    """Versions and platform, under docker's names where it has one."""
    own = Platform.local()
    return {
        "Name": "dockmagic",
        "Version": dockmagic.__version__,
        "PythonVersion": platform.python_version(),
        "Implementation": sys.implementation.name,
        "Os": own.os,
        "Arch": own.architecture,
        "KernelVersion": platform.release(),
    }


def information(engine: EngineContext, *, tiers: bool = False) -> dict[str, Any]:
    """Where things are kept and what there is, under docker's names where it has one.

    Args:
        engine: whose home.
        tiers: try each way to run containers, too; it takes some tenths of a second.
    """
    named = engine.store.names()
    states = [state.status for _, state in _containers(engine)]
    return {
        "Images": len({one.descriptor.digest for one in named}),
        "Names": sum(1 for one in named if one.ref is not None),
        "Containers": len(states),
        "ContainersRunning": states.count("running"),
        "ContainersPaused": states.count("paused"),
        "ContainersStopped": states.count("exited") + states.count("created"),
        "Tiers": _tiers(engine.home) if tiers else {},
        "ServerVersion": dockmagic.__version__,
        "Driver": "oci-layout",
        "DockerRootDir": str(engine.home.root),
        "StoreDir": str(engine.home.store),
        "KernelVersion": platform.release(),
        "OperatingSystem": _system_name(),
        "OSType": Platform.local().os,
        "Architecture": platform.machine(),
        "DefaultPlatform": str(Platform.default()),
        "NCPU": os.cpu_count() or 1,
        "Name": platform.node(),
        "IndexServerAddress": "https://index.docker.io/v1/",
        "HttpProxy": os.environ.get("HTTP_PROXY") or os.environ.get("http_proxy") or "",
        "HttpsProxy": os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or "",
        "NoProxy": os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "",
    }


def _containers(engine: EngineContext) -> list[tuple[Path, State]]:
    if not engine.home.containers.is_dir():
        return []
    from dockmagic.runtime.disk.record import read_state
    from dockmagic.runtime.disk.references import records

    return [(folder, read_state(folder)) for folder, _ in records(engine.store)]


def _tiers(home: Home) -> dict[str, str]:
    """Each way to run containers, and ``yes`` or why it does not work here; none on other systems than Linux."""
    if sys.platform != "linux":
        return {}
    from dockmagic.runtime.machine.tiers import explain

    if home.root.is_dir():
        return dict(explain(home))
    near = next(folder for folder in home.root.absolute().parents if folder.is_dir())
    if not os.access(near, os.W_OK):
        return {"none": f"{near} cannot be written to"}
    # Asking makes no home: a folder on the same file system shows the same.
    with tempfile.TemporaryDirectory(prefix=".dockmagic-", dir=near) as folder:
        return dict(explain(Home(Path(folder) / "home")))


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def disk_usage(engine: EngineContext) -> tuple[DiskUsageRow, ...]:
    """The disk space of each kind of thing in the home (``system df``)."""
    from dockmagic.builder.caching.prune import usage
    from dockmagic.store.gc import collect

    from .cleaning import collect_layers, roots

    home, names = engine.home, engine.store.names()
    unused = collect(engine.store, roots=roots(engine.store), dry_run=True).size
    images = {one.descriptor.digest for one in names}
    named = {one.descriptor.digest for one in names if one.ref is not None}
    rows = [
        DiskUsageRow(
            type="Images",
            total_count=len(images),
            active=len(named),
            size=folder_size(home.store)[1],
            reclaimable=unused,
        ),
        _containers_row(engine),
        _volumes_row(engine),
    ]
    count, size = len(list(home.layers.glob("*/*"))), folder_size(home.layers)[1]
    free = collect_layers(engine.store, dry_run=True)
    rows.append(DiskUsageRow(type="Unpacked layers", total_count=count, active=count, size=size, reclaimable=free))
    cache = usage(engine.store)
    rows.append(
        DiskUsageRow(
            type="Build Cache",
            total_count=len(cache.records),
            active=0,
            size=cache.size,
            reclaimable=cache.reclaimable,
        )
    )
    for title, folder in (
        ("Partial downloads", home.root / "partial"),
        ("File tables", home.root / "tables"),
        ("Cache", home.root / "cache"),
        ("Trash", home.trash),
    ):
        count, size = folder_size(folder)
        kept = title == "File tables"
        rows.append(
            DiskUsageRow(
                type=title, total_count=count, active=count if kept else 0, size=size, reclaimable=0 if kept else size
            )
        )
    return tuple(rows)


def _containers_row(engine: EngineContext) -> DiskUsageRow:
    sizes = [(state.status, folder_size(folder)[1]) for folder, state in _containers(engine)]
    return DiskUsageRow(
        type="Containers",
        total_count=len(sizes),
        active=sum(1 for status, _ in sizes if status in _ACTIVE),
        size=sum(size for _, size in sizes),
        reclaimable=sum(size for status, size in sizes if status not in _ACTIVE),
    )


def _volumes_row(engine: EngineContext) -> DiskUsageRow:
    rows = Volumes(engine).rows(sizes=True) if engine.home.volumes.is_dir() else ()
    return DiskUsageRow(
        type="Local Volumes",
        total_count=len(rows),
        active=sum(1 for row in rows if row.links),
        size=sum(row.size or 0 for row in rows),
        reclaimable=sum(row.size or 0 for row in rows if not row.links),
    )
