"""The table of snapshotters, the best first: a new one is a file of this package and a line here.

Imported by the shim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .copy import CopySnapshotter
from .overlay import OverlaySnapshotter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .snapshotter import Snapshotter

__all__ = ["SNAPSHOTTERS"]

#: By name. Where containers are to run, the first one that works there is chosen (`Snapshotter.probe`).
SNAPSHOTTERS: Final[Mapping[str, Snapshotter]] = {one.name: one for one in (OverlaySnapshotter(), CopySnapshotter())}
