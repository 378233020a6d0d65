"""Typed rows: what the verbs list, before anything is printed or framed.

A row is a frozen struct. Its attributes are snake_case; each has a *column*, whose name is docker's template name
(``Repository``, ``CreatedAt``, ``Size``) or, for what docker lacks, one made the same way (``DiffID``, ``Path``).
Sizes are integer bytes, times are aware datetimes, digests are whole: how they look is the reader's business, and the
column says which kind of value it has. ``msgspec.json.encode(row)`` gives an object keyed by column name.
"""

from .builds import (
    ArgumentRow,
    CacheRow,
    ReasonRow,
    StepRow,
    TargetRow,
    UnstableRow,
    WarningRow,
)
from .column import (
    Column,
    Kind,
    Row,
    columns,
)
from .containers import (
    ContainerRow,
    ProcessRow,
    VolumeRow,
    WrittenRow,
)
from .files import (
    ChangeRow,
    DifferenceRow,
    FileRow,
    WasteRow,
)
from .images import (
    DiskUsageRow,
    HistoryRow,
    ImageRow,
    LayerRow,
    MismatchRow,
    PlatformRow,
    RemovedRow,
    TreeRow,
)
from .packages import (
    PackageChangeRow,
    PackageRow,
)
from .registries import (
    PlanRow,
    ReferrerRow,
    SearchRow,
    SyncRow,
    TagRow,
    TransferRow,
)
from .table import Rows

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
    "PackageChangeRow",
    "PackageRow",
    "PlanRow",
    "PlatformRow",
    "ProcessRow",
    "ReasonRow",
    "ReferrerRow",
    "RemovedRow",
    "Row",
    "Rows",
    "SearchRow",
    "StepRow",
    "SyncRow",
    "TagRow",
    "TargetRow",
    "TransferRow",
    "TreeRow",
    "UnstableRow",
    "VolumeRow",
    "WarningRow",
    "WasteRow",
    "WrittenRow",
    "columns",
]
