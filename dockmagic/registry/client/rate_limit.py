"""What a registry says of its rate limit (Docker Hub, "Pull usage and limits")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.registry.transport.parsing import number

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RateLimit"]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many pulls are allowed and left.

    Attributes:
        limit: pulls allowed per window; None if not said.
        remaining: pulls left in the window; None if not said.
        window: seconds; None if not said.
    """

    limit: int | None
    remaining: int | None
    window: int | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> RateLimit | None:
        """Read ``ratelimit-limit: 100;w=21600`` and ``ratelimit-remaining: 87;w=21600``; None if neither is there."""
        limit, window = _quota(headers.get("ratelimit-limit", ""))
        remaining, remaining_window = _quota(headers.get("ratelimit-remaining", ""))
        if limit is None and remaining is None:
            return None
        return cls(limit, remaining, window if window is not None else remaining_window)


def _quota(text: str) -> tuple[int | None, int | None]:
    count, _, window = text.partition(";w=")
    return number(count), number(window)
