"""What drivers look at in a mount that is asked for."""

from __future__ import annotations

from typing import Protocol

__all__ = ["MountRequest"]


class MountRequest(Protocol):
    """What a driver looks at in a mount that is asked for; `disk.record.Mount` has it all."""

    @property
    def type(self) -> str:
        """``bind``, ``volume``, ``tmpfs``, ``image``, ``cache`` or ``secret``."""
        ...

    @property
    def target(self) -> str:
        """Where."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""
        ...

    @property
    def subpath(self) -> str:
        """Of a folder in the source; empty for all of it."""
        ...

    @property
    def discard(self) -> bool:
        """Whether what is written is lost."""
        ...
