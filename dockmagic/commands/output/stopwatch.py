"""How long something under way has taken so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["stopwatch"]


def stopwatch() -> Callable[[], float]:
    """A clock that tells the seconds since it was made."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
