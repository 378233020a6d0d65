"""The files of images and layers, and what differs between two of them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations)
from typing import ClassVar

from .column import Column, Row

__all__ = [
    "ChangeRow",
    "DifferenceRow",
    "FileRow",
    "WasteRow",
]


class FileRow(Row, frozen=True):
    """One path of an image or layer (``files``).

    Attributes:
        kind: ``file``, ``dir``, ``link`` (symbolic), ``hardlink``, ``char``, ``block``, ``fifo`` or ``whiteout``.
        link: target of a link, else empty.
        layer: index of the layer that supplies the path.
        hides: what it hides, oldest first: ``LAYER: KIND SIZE`` of each entry below; filled with ``--blame``.
        set_id: ``setuid`` and ``setgid`` of a file that has these bits: it runs with its owner's or group's rights.
        world_writable: whether any user may change it: a file, or a directory without the sticky bit.
        secret: what it looks like, such as ``SSH key`` or ``GitHub token``; filled with ``--secrets``.
    """

    mode: int
    uid: int
    gid: int
    size: int
    modified_at: datetime | None
    path: str
    kind: str
    link: str
    layer: int
    created_by: str = ""
    hides: tuple[str, ...] = ()
    set_id: tuple[str, ...] = ()
    world_writable: bool = False
    secret: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Mode", "mode", "MODE", "mode"),
        Column("UID", "uid", "UID", "count"),
        Column("GID", "gid", "GID", "count"),
        Column("Size", "size", "SIZE", "size"),
        Column("ModifiedAt", "modified_at", "MODIFIED", "time"),
        Column("Layer", "layer", "LAYER", "count"),
        Column("Path", "path", "PATH"),
        Column("Kind", "kind", "KIND"),
        Column("Link", "link", "LINK"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("Hides", "hides", "HIDES", "words"),
        Column("SetID", "set_id", "SET ID", "words"),
        Column("WorldWritable", "world_writable", "WORLD WRITABLE", "flag"),
        Column("Secret", "secret", "SECRET"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Mode", "UID", "GID", "Size", "ModifiedAt", "Layer", "Path", "Link")


class ChangeRow(Row, frozen=True):
    """One changed path between two things (``diff``).

    Attributes:
        change: ``A`` added, ``C`` changed, ``D`` deleted.
        size: after the change; 0 if deleted.
        old_size: before it; 0 if added.
        what: what changed of a path that stays, such as ``content``, ``mode``, ``owner``, ``time``.
    """

    change: str
    path: str
    size: int
    old_size: int
    what: tuple[str, ...] = ()

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Change", "change", "CHANGE"),
        Column("Size", "size", "SIZE", "size"),
        Column("OldSize", "old_size", "OLD SIZE", "size"),
        Column("What", "what", "WHAT", "words"),
        Column("Path", "path", "PATH"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Change", "Size", "OldSize", "What", "Path")


class DifferenceRow(Row, frozen=True):
    """One changed member of the configuration, or step of the history (``diff --config``, ``diff --history``).

    Attributes:
        part: ``config`` or ``history``.
        change: ``A`` added, ``C`` changed, ``D`` deleted.
        name: of the member; of a step, its place.
        old: as text; empty where it was added.
        new: as text; empty where it was deleted.
    """

    part: str
    change: str
    name: str
    old: str
    new: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Part", "part", "PART"),
        Column("Change", "change", "CHANGE"),
        Column("Name", "name", "NAME"),
        Column("Old", "old", "OLD"),
        Column("New", "new", "NEW"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Part", "Change", "Name", "Old", "New")


class WasteRow(Row, frozen=True):
    """One file that an image carries and never shows (``waste``).

    Attributes:
        size: bytes carried for nothing.
        layer: index of the layer that carries them.
        hidden_by: index of the layer that hides them.
        deleted: whether that layer deletes the path; else it has another version of it.
        created_by: the instruction that wrote them; empty if the history does not tell.
        change: how to change the Dockerfile.
    """

    size: int
    layer: int
    hidden_by: int
    deleted: bool
    path: str
    created_by: str
    change: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Size", "size", "SIZE", "size"),
        Column("Layer", "layer", "LAYER", "count"),
        Column("HiddenBy", "hidden_by", "HIDDEN BY", "count"),
        Column("Deleted", "deleted", "DELETED", "flag"),
        Column("Path", "path", "PATH"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("Change", "change", "CHANGE"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Size", "Layer", "HiddenBy", "Deleted", "Path")
