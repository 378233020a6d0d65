"""The packages in images, and what differs between those of two."""

from __future__ import annotations

from typing import ClassVar

from .column import Column, Row

__all__ = ["PackageChangeRow", "PackageRow"]


class PackageRow(Row, frozen=True):
    """One package of an image (``packages``).

    Attributes:
        type: of its package URL: ``deb``, ``apk``, ``rpm``, ``pypi``, ``npm``, ``conda`` or ``golang``.
        architecture: as the package manager has it; empty for one that has none.
        layer: index of the layer that supplies it.
        created_by: the instruction that made the layer; empty if the history does not tell.
        path: the file that tells of it.
        purl: its package URL.
    """

    name: str
    version: str
    type: str
    architecture: str
    layer: int
    created_by: str
    path: str
    purl: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Name", "name", "NAME"),
        Column("Version", "version", "VERSION"),
        Column("Type", "type", "TYPE"),
        Column("Architecture", "architecture", "ARCHITECTURE"),
        Column("Layer", "layer", "LAYER", "count"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("Path", "path", "PATH"),
        Column("Purl", "purl", "PURL"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Name", "Version", "Type", "Architecture", "Layer")


class PackageChangeRow(Row, frozen=True):
    """One package that differs between two images (``diff --packages``).

    Attributes:
        change: ``A`` added, ``C`` changed, ``D`` deleted.
        type: of its package URL.
        old: version; empty where it was added.
        new: version; empty where it was deleted.
    """

    change: str
    name: str
    type: str
    old: str
    new: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Change", "change", "CHANGE"),
        Column("Name", "name", "NAME"),
        Column("Type", "type", "TYPE"),
        Column("Old", "old", "OLD"),
        Column("New", "new", "NEW"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Change", "Name", "Type", "Old", "New")
