"""How long to wait for a registry, and how often to try again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from .parsing import number

__all__ = ["RetryPolicy", "retry_after"]

_LONGEST_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of waiting; all times in seconds.

    Attributes:
        attempts: how often a request is sent at most.
        pause: before the second attempt; it doubles from one to the next.
        longest_wait: a registry that asks for more (429, Retry-After) is not waited for.
        connect: to get a connection.
        silence: without a byte on a connection.
        window: of waiting for bytes, in which enough of them must come.
        slowest: bytes per second that are enough.
        document: for a whole answer that is no blob.
        listing: for all pages of a list.
    """

    attempts: int = 5
    pause: float = 0.3
    longest_wait: float = 120.0
    connect: float = 15.0
    silence: float = 60.0
    window: float = 60.0
    slowest: float = 100.0
    document: float = 300.0
    listing: float = 3600.0

    def before(self, attempt: int) -> float:
        """Seconds to wait before `attempt` (2 is the first retry), spread so that threads do not march in step."""
        longest = min(self.pause * 2.0 ** (attempt - 2), _LONGEST_PAUSE)
        return longest * random.uniform(0.75, 1.0)  # noqa: S311  (no secret depends on it)


def retry_after(text: str) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None if it is neither (RFC 9110, 10.2.3)."""
    seconds = number(text)
    if seconds is not None:
        return float(seconds)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
