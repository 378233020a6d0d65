"""Images, their layers, and what they take."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations)
from typing import ClassVar

from .column import Column, Row

__all__ = [
    "DiskUsageRow",
    "HistoryRow",
    "ImageRow",
    "LayerRow",
    "MismatchRow",
    "PlatformRow",
    "RemovedRow",
    "TreeRow",
]


class ImageRow(Row, frozen=True):
    """One name of a local image, or a nameless image (``images``); ``<none>`` stands for no name, as in docker."""

    repository: str
    tag: str
    id: str
    digest: str
    created_at: datetime | None
    size: int
    shared_size: int | None = None
    unique_size: int | None = None
    containers: int = 0
    platform: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Repository", "repository", "REPOSITORY"),
        Column("Tag", "tag", "TAG"),
        Column("Digest", "digest", "DIGEST", "digest"),
        Column("ID", "id", "IMAGE ID", "id"),
        Column("CreatedSince", "created_at", "CREATED", "since", ""),
        Column("CreatedAt", "created_at", "CREATED AT", "time", "0001-01-01 00:00:00 +0000 UTC"),
        Column("Size", "size", "SIZE", "size"),
        Column("SharedSize", "shared_size", "SHARED SIZE", "size"),
        Column("UniqueSize", "unique_size", "UNIQUE SIZE", "size"),
        Column("Containers", "containers", "CONTAINERS", "count"),
        Column("Platform", "platform", "PLATFORM"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Repository", "Tag", "ID", "CreatedSince", "Size")


class TreeRow(Row, frozen=True):
    """One image in the tree of which stands on which (``images --tree``)."""

    depth: int
    names: tuple[str, ...]
    id: str
    layers: int
    size: int
    own_size: int
    shared_size: int

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Depth", "depth", "DEPTH", "count"),
        Column("Names", "names", "IMAGE", "words"),
        Column("ID", "id", "IMAGE ID", "id"),
        Column("Layers", "layers", "LAYERS", "count"),
        Column("Size", "size", "SIZE", "size"),
        Column("OwnSize", "own_size", "ADDED", "size"),
        Column("SharedSize", "shared_size", "SHARED", "size"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Names", "ID", "Layers", "Size", "OwnSize")


class LayerRow(Row, frozen=True):
    """One layer of an image, base first (``layers``).

    Attributes:
        layer: its index; 0 is the base, as in ``IMAGE[0]``.
        created_by: the instruction that made it.
        size: of its files, uncompressed.
        compressed_size: of its blob.
        added: number of paths that it adds; `changed` and `deleted` likewise.
        shared_with: names of the other local images that have this layer in the same place.
    """

    layer: int
    created_by: str
    size: int
    compressed_size: int
    added: int
    changed: int
    deleted: int
    diff_id: str
    chain_id: str
    digest: str
    shared_with: tuple[str, ...] = ()
    created_at: datetime | None = None

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Layer", "layer", "LAYER", "count"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("Size", "size", "SIZE", "size"),
        Column("CompressedSize", "compressed_size", "COMPRESSED", "size"),
        Column("Added", "added", "ADDED", "count"),
        Column("Changed", "changed", "CHANGED", "count"),
        Column("Deleted", "deleted", "DELETED", "count"),
        Column("DiffID", "diff_id", "DIFF ID", "id"),
        Column("ChainID", "chain_id", "CHAIN ID", "id"),
        Column("Digest", "digest", "DIGEST", "digest"),
        Column("SharedWith", "shared_with", "SHARED WITH", "words"),
    )
    shown: ClassVar[tuple[str, ...]] = (
        "Layer", "CreatedBy", "Size", "Added", "Changed", "Deleted", "DiffID", "ChainID", "SharedWith",
    )  # fmt: skip


class HistoryRow(Row, frozen=True):
    """One step of an image's making, newest first (``history``); `id` is ``<missing>`` but for the newest."""

    id: str
    created_at: datetime | None
    created_by: str
    size: int
    comment: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "IMAGE", "id"),
        Column("CreatedSince", "created_at", "CREATED", "dated"),
        Column("CreatedAt", "created_at", "CREATED AT", "stamp", "0001-01-01T00:00:00Z"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("Size", "size", "SIZE", "size"),
        Column("Comment", "comment", "COMMENT"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "CreatedSince", "CreatedBy", "Size", "Comment")


class MismatchRow(Row, frozen=True):
    """Something about an image that is not as its documents say (``validate``).

    Attributes:
        where: what was looked at, such as ``manifest`` or ``layer 3``.
        what: which property, such as ``digest`` or ``DiffID``.
    """

    where: str
    what: str
    expected: str
    actual: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Where", "where", "WHERE"),
        Column("What", "what", "WHAT"),
        Column("Expected", "expected", "EXPECTED"),
        Column("Actual", "actual", "ACTUAL"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Where", "What", "Expected", "Actual")


class PlatformRow(Row, frozen=True):
    """One manifest of an index (``images --platforms``).

    Attributes:
        repository: of the name.
        tag: of the name.
        platform: what it is for; of an attestation, what the image is for that it is about.
        kind: ``image``, ``attestation``, ``index``, or the type of an artifact.
        digest: of the manifest.
        size: bytes of its blobs, as a registry has them; None where they are not known here.
        here: whether it is here with all that belongs to it.
        subject: of an attestation, the manifest that it is about; empty for others.
    """

    repository: str
    tag: str
    platform: str
    kind: str
    digest: str
    size: int | None
    here: bool
    subject: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Repository", "repository", "REPOSITORY"),
        Column("Tag", "tag", "TAG"),
        Column("Platform", "platform", "PLATFORM"),
        Column("Kind", "kind", "KIND"),
        Column("Digest", "digest", "DIGEST", "id"),
        Column("Size", "size", "SIZE", "size"),
        Column("Here", "here", "HERE", "flag"),
        Column("Subject", "subject", "SUBJECT", "id"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Repository", "Tag", "Platform", "Kind", "Digest", "Size", "Here")


class RemovedRow(Row, frozen=True):
    """One thing that was taken away (``rmi``, ``image prune``, ``gc``).

    Attributes:
        action: ``Untagged`` or ``Deleted``.
        name: the reference or digest.
        size: bytes that are free now; 0 for names.
    """

    action: str
    name: str
    size: int = 0

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Action", "action", "ACTION"),
        Column("Name", "name", "NAME"),
        Column("Size", "size", "SIZE", "size"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Action", "Name", "Size")


class DiskUsageRow(Row, frozen=True):
    """Disk space of one kind of thing (``system df``)."""

    type: str
    total_count: int
    active: int
    size: int
    reclaimable: int

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Type", "type", "TYPE"),
        Column("TotalCount", "total_count", "TOTAL", "count"),
        Column("Active", "active", "ACTIVE", "count"),
        Column("Size", "size", "SIZE", "size"),
        Column("Reclaimable", "reclaimable", "RECLAIMABLE", "size"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Type", "TotalCount", "Active", "Size", "Reclaimable")
