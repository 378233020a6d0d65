"""Typed rows: what the verbs list, before anything is printed or framed.

A row is a frozen struct. Its attributes are snake_case; each has a *column*, whose name is docker's template name
(``Repository``, ``CreatedAt``, ``Size``) or, for what docker lacks, one made the same way (``DiffID``, ``Path``).
Sizes are integer bytes, times are aware datetimes, digests are whole: how they look is the reader's business, and the
column says which kind of value it has. ``msgspec.json.encode(row)`` gives an object keyed by column name.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations)
from typing import ClassVar, Literal, NamedTuple

import msgspec

__all__ = [
    "ArgumentRow",
    "CacheRow",
    "ChangeRow",
    "Column",
    "ContainerRow",
    "DifferenceRow",
    "DiskUsageRow",
    "FileRow",
    "HistoryRow",
    "ImageRow",
    "Kind",
    "LayerRow",
    "MismatchRow",
    "PlanRow",
    "ProcessRow",
    "ReasonRow",
    "RemovedRow",
    "Row",
    "SearchRow",
    "StepRow",
    "TagRow",
    "TargetRow",
    "TransferRow",
    "TreeRow",
    "UnstableRow",
    "VolumeRow",
    "WarningRow",
    "WrittenRow",
    "columns",
]

Kind = Literal[
    "text",
    "words",
    "names",
    "command",
    "size",
    "time",
    "since",
    "id",
    "digest",
    "count",
    "flag",
    "ok",
    "mode",
    "seconds",
]


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        name: docker's template name, as in ``{{.CreatedSince}}``, in frames and in JSON.
        attribute: of the row.
        header: above the column in printed text, in capitals.
        kind: what the values are. ``size`` is bytes; ``time`` and ``since`` are an aware datetime or None, shown as a
            date or as an age; ``id`` and ``digest`` are digests (an ID is shown as 12 digits unless ``--no-trunc``);
            ``words`` and ``names`` are a tuple of strings, the latter printed without blanks between; ``command`` is a
            command line, printed in quotes; ``count`` an integer; ``flag`` a bool (``ok`` is one that docker prints as
            ``[OK]``); ``mode`` st_mode bits; ``seconds`` a length of time; ``text`` a string.
    """

    name: str
    attribute: str
    header: str
    kind: Kind = "text"


_INITIALS = frozenset(("id", "uid", "gid", "pid", "ppid", "url"))


def _name(attribute: str) -> str:
    words = (word.upper() if word in _INITIALS else word for word in attribute.split("_"))
    return "".join(word[0].upper() + word[1:] for word in words)


class Row(msgspec.Struct, frozen=True, rename=_name, kw_only=True):
    """Base of the rows. `table_columns` names every column, those that are not shown by default too."""

    table_columns: ClassVar[tuple[Column, ...]] = ()
    #: Names of the columns that are printed unless flags say otherwise.
    shown: ClassVar[tuple[str, ...]] = ()


def columns(row_type: type[Row], names: tuple[str, ...] | None = None) -> tuple[Column, ...]:
    """The columns of a row type by `names`, else those shown by default."""
    by_name = {column.name: column for column in row_type.table_columns}
    return tuple(by_name[name] for name in (row_type.shown if names is None else names))


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
        Column("CreatedSince", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
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


class FileRow(Row, frozen=True):
    """One path of an image or layer (``files``).

    Attributes:
        kind: ``file``, ``dir``, ``link`` (symbolic), ``hardlink``, ``char``, ``block``, ``fifo`` or ``whiteout``.
        link: target of a link, else empty.
        layer: index of the layer that supplies the path.
        hides: what it hides, oldest first: ``LAYER: KIND SIZE`` of each entry below; filled with ``--blame``.
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
    )
    shown: ClassVar[tuple[str, ...]] = ("Mode", "UID", "GID", "Size", "ModifiedAt", "Layer", "Path", "Link")


class HistoryRow(Row, frozen=True):
    """One step of an image's making, newest first (``history``); `id` is ``<missing>`` but for the newest."""

    id: str
    created_at: datetime | None
    created_by: str
    size: int
    comment: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "IMAGE", "id"),
        Column("CreatedSince", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("CreatedBy", "created_by", "CREATED BY"),
        Column("Size", "size", "SIZE", "size"),
        Column("Comment", "comment", "COMMENT"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "CreatedSince", "CreatedBy", "Size", "Comment")


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
        Column("Size", "size", "SIZE", "size"),
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


class StepRow(Row, frozen=True):
    """One step of a build (``build``), in the order of the Dockerfile.

    Attributes:
        step: its number over all stages, as in ``@3``.
        stage: name of its stage, or the stage's number.
        line: of the Dockerfile (in a cell: of the cell); None for a trigger of the base image.
        outcome: ``done``, ``cached``, ``failed``, ``canceled`` or ``skipped``.
        cached: whether the cache had it.
        why: why it had it, or why it had it not.
        time: seconds that it took.
        size: bytes of the files of its layer; 0 if it made none.
        diff_id: of its layer; empty if it made none.
        image_id: of the state after it; empty if it did not get that far.
    """

    step: int
    stage: str
    line: int | None
    instruction: str
    outcome: str
    cached: bool
    why: str
    time: float
    size: int
    diff_id: str
    image_id: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Step", "step", "STEP", "count"),
        Column("Stage", "stage", "STAGE"),
        Column("Line", "line", "LINE", "count"),
        Column("Instruction", "instruction", "INSTRUCTION"),
        Column("Outcome", "outcome", "OUTCOME"),
        Column("Cached", "cached", "CACHED", "flag"),
        Column("Why", "why", "WHY"),
        Column("Time", "time", "TIME", "seconds"),
        Column("Size", "size", "SIZE", "size"),
        Column("DiffID", "diff_id", "DIFF ID", "id"),
        Column("ImageID", "image_id", "IMAGE ID", "id"),
    )
    shown: ClassVar[tuple[str, ...]] = (
        "Step", "Stage", "Instruction", "Cached", "Why", "Time", "Size", "DiffID", "ImageID",
    )  # fmt: skip


class ReasonRow(Row, frozen=True):
    """Why the cache had a step, or had it not (``build --explain``).

    Attributes:
        part: what changed of the step, such as ``content of app.py`` or ``argument VERSION``; empty for a hit.
        old: in the nearest step that the cache has.
        new: in this build.
    """

    step: int
    instruction: str
    cached: bool
    why: str
    part: str = ""
    old: str = ""
    new: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Step", "step", "STEP", "count"),
        Column("Instruction", "instruction", "INSTRUCTION"),
        Column("Cached", "cached", "CACHED", "flag"),
        Column("Why", "why", "WHY"),
        Column("Part", "part", "PART"),
        Column("Old", "old", "OLD"),
        Column("New", "new", "NEW"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Step", "Instruction", "Cached", "Why", "Part", "Old", "New")


class UnstableRow(Row, frozen=True):
    """One thing that two builds of the same do not have in common (``build --verify-reproducible``).

    Attributes:
        step: number of the step; 0 for the image's documents.
        path: of the file; empty if it is about none.
        what: what differs, such as ``mtime`` or ``content``.
        first: in the first build.
        second: in the second.
        reason: what usually makes it so, and what to do.
    """

    step: int
    instruction: str
    path: str
    what: str
    first: str
    second: str
    reason: str

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Step", "step", "STEP", "count"),
        Column("Instruction", "instruction", "INSTRUCTION"),
        Column("Path", "path", "PATH"),
        Column("What", "what", "WHAT"),
        Column("First", "first", "FIRST"),
        Column("Second", "second", "SECOND"),
        Column("Reason", "reason", "REASON"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Step", "Instruction", "Path", "What", "First", "Second", "Reason")


class WarningRow(Row, frozen=True):
    """One finding about a Dockerfile (``build --check``).

    Attributes:
        rule: its name, such as ``StageNameCasing``; empty for what has no rule.
        line: of the Dockerfile (in a cell: of the cell); None if it is about none.
        message: what is odd.
        fix: what to write instead.
        url: where the rule is explained.
    """

    rule: str
    line: int | None
    message: str
    fix: str = ""
    url: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Rule", "rule", "RULE"),
        Column("Line", "line", "LINE", "count"),
        Column("Message", "message", "MESSAGE"),
        Column("Fix", "fix", "FIX"),
        Column("URL", "url", "URL"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Rule", "Line", "Message", "Fix")


class TargetRow(Row, frozen=True):
    """One stage that can be built (``build --call targets``)."""

    target: str
    default: bool
    base: str
    line: int
    description: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Target", "target", "TARGET"),
        Column("Default", "default", "DEFAULT", "flag"),
        Column("Base", "base", "BASE"),
        Column("Line", "line", "LINE", "count"),
        Column("Description", "description", "DESCRIPTION"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Target", "Default", "Base", "Description")


class ArgumentRow(Row, frozen=True):
    """One thing that a build can be given (``build --call outline``).

    Attributes:
        kind: ``argument`` or ``secret``.
        name: what ``--build-arg`` or ``--secret id=`` names.
        value: the default.
        line: of the Dockerfile.
        description: the comment above it.
    """

    kind: str
    name: str
    value: str
    line: int
    description: str = ""

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("Kind", "kind", "KIND"),
        Column("Name", "name", "NAME"),
        Column("Value", "value", "VALUE"),
        Column("Line", "line", "LINE", "count"),
        Column("Description", "description", "DESCRIPTION"),
    )
    shown: ClassVar[tuple[str, ...]] = ("Kind", "Name", "Value", "Description")


class CacheRow(Row, frozen=True):
    """One step that the build cache knows (``builder du``), most recently used first.

    Attributes:
        id: the step's key.
        description: the instruction.
        size: bytes of its layer's blob.
        image_id: of the state after it.
        last_used_at: when a build last found or made it.
    """

    id: str
    description: str
    size: int
    image_id: str
    created_at: datetime | None
    last_used_at: datetime | None

    table_columns: ClassVar[tuple[Column, ...]] = (
        Column("ID", "id", "ID", "id"),
        Column("Description", "description", "DESCRIPTION"),
        Column("Size", "size", "SIZE", "size"),
        Column("ImageID", "image_id", "IMAGE ID", "id"),
        Column("CreatedSince", "created_at", "CREATED", "since"),
        Column("CreatedAt", "created_at", "CREATED AT", "time"),
        Column("LastUsedSince", "last_used_at", "LAST USED", "since"),
        Column("LastUsedAt", "last_used_at", "LAST USED AT", "time"),
    )
    shown: ClassVar[tuple[str, ...]] = ("ID", "Description", "Size", "ImageID", "LastUsedSince")
