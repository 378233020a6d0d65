"""What there is to know of this dockmagic itself: version, store, disk space."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING, Any

import dockmagic
from dockmagic.oci.platforms import Platform
from dockmagic.rows import DiskUsageRow

if TYPE_CHECKING:
    from pathlib import Path

    from .ground import Ground

__all__ = ["disk_usage", "folder_size", "information", "version"]


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


def information(engine: Ground) -> dict[str, Any]:
    """Where things are kept and what there is, under docker's names where it has one."""
    named = engine.store.names()
    return {
        "Images": len({one.descriptor.digest for one in named}),
        "Names": sum(1 for one in named if one.ref is not None),
        "Containers": 0,
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


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def disk_usage(engine: Ground) -> tuple[DiskUsageRow, ...]:
    """The disk space of each kind of thing in the home (``system df``)."""
    from dockmagic.build.prune import usage
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
        )
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


def folder_size(folder: Path) -> tuple[int, int]:
    """How many files a folder has, and how many bytes they take on the disk; hard links count once."""
    count = size = 0
    seen: set[tuple[int, int]] = set()
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(os.path.join(path, name))  # noqa: PTH118  (ten times faster than Path, for many files)
            except FileNotFoundError:  # another process works here too
                continue
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                count, size = count + 1, size + found.st_blocks * 512
    return count, size
