"""What registries have, and what goes to and from them."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations)
from typing import ClassVar

from .column import Column, Row

__all__ = [
    "PlanRow",
    "ReferrerRow",
    "SearchRow",
    "SyncRow",
    "TagRow",
    "TransferRow",
]


class SearchRow(Row, frozen=True):
    """One repository that a search found (``search``)."""

    name: str
    description: str
    star_count: int
    is_official: bool
    is_automated: bool = False

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Name", "name", "NAME"),
        Column("Description", "description", "DESCRIPTION"),
        Column("StarCount", "star_count", "STARS", "count"),
        Column("IsOfficial", "is_official", "OFFICIAL", "ok"),
        Column("IsAutomated", "is_automated", "AUTOMATED", "ok"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Name", "Description", "StarCount", "IsOfficial")


class TagRow(Row, frozen=True):
    """One manifest of a remote repository with all its tags (``tags``).

    Attributes:
        tags: the aliases of one digest.
        size: compressed bytes of this machine's platform.
    """

    tags: tuple[str, ...]
    digest: str
    platforms: tuple[str, ...]
    size: int | None
    created_at: datetime | None

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Tags", "tags", "TAGS", "words"),
        Column("Digest", "digest", "DIGEST", "id"),
        Column("Platforms", "platforms", "PLATFORMS", "words"),
        Column("Size", "size", "SIZE", "size"),
        Column("CreatedSince", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Tags", "Digest", "Platforms", "Size", "CreatedSince")


class PlanRow(Row, frozen=True):
    """One layer of a pull that has not begun (``pull --plan``).

    Attributes:
        id: digest of its blob.
        have: whether it is here already.
        size: of the blob.
        needed: bytes still to come; less than `size` where an interrupted download goes on.
        shared_with: local images that have it.
    """

    id: str
    diff_id: str
    have: bool
    size: int
    needed: int
    shared_with: tuple[str, ...]

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "LAYER", "id"),
        Column("Have", "have", "HAVE", "flag"),
        Column("Size", "size", "SIZE", "size"),
        Column("Needed", "needed", "TO COME", "size"),
        Column("SharedWith", "shared_with", "SHARED WITH", "words"),
        Column("DiffID", "diff_id", "DIFF ID", "id"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "Have", "Size", "Needed", "SharedWith")


class ReferrerRow(Row, frozen=True):
    """One artifact that is attached to an image (``artifact ls``).

    Attributes:
        artifact_type: what it is.
        digest: of its manifest.
        size: bytes of its files.
        created_at: as it says itself.
        files: their names.
    """

    artifact_type: str
    digest: str
    size: int
    created_at: datetime | None
    files: tuple[str, ...]

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ArtifactType", "artifact_type", "ARTIFACT TYPE"),
        Column("Digest", "digest", "DIGEST", "id"),
        Column("Size", "size", "SIZE", "size"),
        Column("CreatedSince", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("Files", "files", "FILES", "words"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ArtifactType", "Digest", "Size", "CreatedSince", "Files")


class SyncRow(Row, frozen=True):
    """One image of a synchronisation (``sync``).

    Attributes:
        source: its name.
        destination: where it is now, with the transport.
        digest: of its manifest or index.
        status: ``Copied``, ``Up to date``, or ``Would copy`` where nothing is to be done.
        size: bytes of blobs that were moved.
    """

    source: str
    destination: str
    digest: str
    status: str
    size: int

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Source", "source", "SOURCE"),
        Column("Destination", "destination", "DESTINATION"),
        Column("Digest", "digest", "DIGEST", "id"),
        Column("Status", "status", "STATUS"),
        Column("Size", "size", "MOVED", "size"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Source", "Destination", "Digest", "Status", "Size")


class TransferRow(Row, frozen=True):
    """One blob of a finished pull or push."""

    id: str
    status: str
    size: int

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "LAYER", "id"),
        Column("Status", "status", "STATUS"),
        Column("Size", "size", "SIZE", "size"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "Status", "Size")
