"""Containers, their changes and processes, and volumes."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (msgspec reads the annotations)
from datetime import datetime  # noqa: TC003  (likewise)
from typing import ClassVar

from .column import Column, Row

__all__ = [
    "ContainerRow",
    "ProcessRow",
    "VolumeRow",
    "WrittenRow",
]


class ContainerRow(Row, frozen=True):
    """One container (``ps``).

    Attributes:
        image: as the user wrote it.
        command: the program and its arguments, blanks between.
        ports: published ones, as ``8080->8080/tcp``.
        state: ``created``, ``running`` or ``exited``.
        status: the same with how long, and the exit code.
        size: bytes of the writable layer; None where nobody asked for it.
        virtual_size: those of the image besides; None likewise.
        labels: ``NAME=VALUE``.
        mounts: names of volumes and paths of this machine.
        local_volumes: how many of the mounts are volumes.
        platform: of the image.
    """

    id: str
    image: str
    command: str
    created_at: datetime
    state: str
    status: str
    names: str
    ports: tuple[str, ...] = ()
    size: int | None = None
    virtual_size: int | None = None
    labels: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    local_volumes: int = 0
    platform: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "CONTAINER ID", "id"),
        Column("Image", "image", "IMAGE"),
        Column("Command", "command", "COMMAND", "command"),
        Column("RunningFor", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("State", "state", "STATE"),
        Column("Status", "status", "STATUS"),
        Column("Ports", "ports", "PORTS", "words"),
        Column("Names", "names", "NAMES"),
        Column("Size", "size", "SIZE", "size", "0B"),
        Column("VirtualSize", "virtual_size", "VIRTUAL SIZE", "size"),
        Column("Labels", "labels", "LABELS", "names"),
        Column("Mounts", "mounts", "MOUNTS", "names"),
        Column("Networks", "networks", "NETWORKS", "names"),
        Column("LocalVolumes", "local_volumes", "LOCAL VOLUMES", "count"),
        Column("Platform", "platform", "PLATFORM"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")


class WrittenRow(Row, frozen=True):
    """One path that a container has added to its image, changed or deleted (``diff CONTAINER``).

    Attributes:
        change: ``A`` added, ``C`` changed, ``D`` deleted.
        kind: as in `FileRow`; of what was deleted, if it was.
        size: bytes in the writable layer; 0 if deleted.
        old_size: in the image; 0 if added.
        layer: index of the image's layer whose file is hidden now; None if added.
        created_by: the instruction that made that layer.
    """

    change: str
    path: str
    kind: str
    size: int
    old_size: int
    layer: int | None = None
    created_by: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Change", "change", "CHANGE"),
        Column("Kind", "kind", "KIND"),
        Column("Size", "size", "SIZE", "size"),
        Column("OldSize", "old_size", "OLD SIZE", "size"),
        Column("Layer", "layer", "HIDES LAYER", "count"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("Path", "path", "PATH"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Change", "Kind", "Size", "OldSize", "Layer", "Path")


class ProcessRow(Row, frozen=True):
    """One process of a container (``top``), as this machine sees it.

    Attributes:
        user: its owner on this machine.
        pid: on this machine.
        ppid: its parent's.
        started_at: when it began.
        time: processor time that it took, as ``00:00:00``.
        command: program and arguments.
    """

    user: str
    pid: int
    ppid: int
    started_at: datetime
    time: str
    command: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("User", "user", "UID"),
        Column("PID", "pid", "PID", "count"),
        Column("PPID", "ppid", "PPID", "count"),
        Column("StartedAt", "started_at", "STARTED", "time"),
        Column("Time", "time", "TIME"),
        Column("Command", "command", "CMD"),
    )
    shown: ClassVar[tuple[str, ...]] = ("User", "PID", "PPID", "StartedAt", "Time", "Command")


class VolumeRow(Row, frozen=True):
    """One volume (``volume ls``).

    Attributes:
        driver: always ``local``.
        mountpoint: where its files lie on this machine.
        scope: always ``local``.
        labels: ``NAME=VALUE``.
        links: how many containers use it.
        size: bytes of its files on the disk; None where nobody asked for it.
    """

    name: str
    mountpoint: str
    created_at: datetime
    driver: str = "local"
    scope: str = "local"
    labels: tuple[str, ...] = ()
    links: int = 0
    size: int | None = None

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Driver", "driver", "DRIVER"),
        Column("Name", "name", "VOLUME NAME"),
        Column("Mountpoint", "mountpoint", "MOUNTPOINT"),
        Column("Scope", "scope", "SCOPE"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("Labels", "labels", "LABELS", "names"),
        Column("Links", "links", "LINKS", "count"),
        Column("Size", "size", "SIZE", "size"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Driver", "Name")
    constants: ClassVar[Mapping[str, str]] = {"Availability": "N/A", "Group": "N/A", "Status": "N/A"}
