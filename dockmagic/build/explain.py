"""Why the cache had a step, or had it not: keys compared part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .cache import Cache, Key, Record, Spot

__all__ = ["Difference", "Explanation", "explain"]


class Difference(msgspec.Struct, frozen=True):
    """One thing that differs from the nearest earlier record of the step.

    Attributes:
        what: ``file``, ``argument``, ``environment``, ``instruction``, ``parent``, ``config``, ``platform``, …
        subject: the path, the argument's name, the flag; empty where there is just one.
        old: what it was; empty if it was not there.
        new: what it is; empty if it is no longer there.
    """

    what: str
    subject: str
    old: str
    new: str


class Explanation(msgspec.Struct, frozen=True):
    """What the cache says of a step.

    Attributes:
        hit: whether it had it.
        why: one short line: ``cached``, ``never built here``, ``file app.py changed``, ``--chmod: 644 → 755``.
        differences: from the nearest record; none for a hit, or where there is no record.
        nearest: that record; of a hit, the one found.
    """

    hit: bool
    why: str
    differences: tuple[Difference, ...] = ()
    nearest: Record | None = None


def explain(cache: Cache, spot: Spot, key: Key, found: Record | None) -> Explanation:
    """Say why `key` was found, or not. Call it before the step is kept."""
    raise NotImplementedError
