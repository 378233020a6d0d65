"""Timing contenders side by side."""

from __future__ import annotations

import gc
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["Contender", "Row", "plain", "race"]


class Contender(Protocol):
    """One way to do a job."""

    def __call__(self, scratch: Path) -> AbstractContextManager[Callable[[], object]]:
        """Get ready, give what is timed, tidy up; `scratch` is a new folder for each run, and is kept till the end."""
        ...


@dataclass(frozen=True)
class Row:
    """One line of the table: what we took and what the peer took, in `unit`, and the ratio that is the goal.

    Without a peer, `goal` is in `unit` itself.
    """

    job: str
    ours: float
    peer: str
    theirs: float | None
    goal: float
    unit: str = "s"

    @property
    def measure(self) -> float:
        """What is held against the goal."""
        return self.ours / self.theirs if self.theirs else self.ours

    @property
    def reached(self) -> bool:
        """Whether the goal is met."""
        return self.measure <= self.goal


def plain(job: Callable[[Path], object]) -> Contender:
    """A contender that needs no preparation."""

    @contextmanager
    def contender(scratch: Path) -> Iterator[Callable[[], object]]:
        yield lambda: job(scratch)

    return contender


def race(scratch: Path, contenders: Mapping[str, Contender], *, rounds: int, warm_up: int = 1) -> dict[str, float]:
    """The median seconds of each contender; they take turns, so that a slow minute of the machine is shared by all."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-warm_up, rounds):
        for name, contender in contenders.items():
            # Nothing is removed in between: a file system may be many times slower just after it.
            place = scratch / f"{name}-{number + warm_up}".replace(" ", "-").replace("/", "-")
            place.mkdir(parents=True)
            with contender(place) as job:
                gc.collect()
                begun = time.perf_counter()
                job()
                taken = time.perf_counter() - begun
            if number >= 0:
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}
