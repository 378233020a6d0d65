"""What became of each blob of a transfer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from dockmagic.rows import TransferRow

if TYPE_CHECKING:
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor

__all__ = ["Log"]


class Log:
    """A `Progress` that passes on what it gets, and keeps the last word on each blob."""

    def __init__(self, listener: Progress) -> None:
        self._listener = listener
        self._last: dict[str, TransferRow] = {}
        self._lock = threading.Lock()

    def __call__(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """See `Progress`."""
        with self._lock:
            self._last[desc.digest] = TransferRow(id=desc.digest, status=status, size=desc.size)
        self._listener(desc, status, done, total)

    @property
    def rows(self) -> tuple[TransferRow, ...]:
        """One row per blob, in the order in which they were first heard of."""
        return tuple(self._last.values())
