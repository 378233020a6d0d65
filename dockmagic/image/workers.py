"""The same work on several layers, side by side in threads."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["THREADS", "side_by_side"]

_T = TypeVar("_T")
_R = TypeVar("_R")

#: Two threads keep two cores busy, since hashing, inflating and writing release the GIL; a third makes them slower.
#: More than four do not make one registry faster.
THREADS = min(4, max(2, os.cpu_count() or 2))

# How long work that was told to stop may take to notice, in seconds, before its thread is left behind. Nothing is
# lost then: only whole, verified blobs ever become visible.
_GRACE = 2.0


def side_by_side(
    jobs: Iterable[_T], work: Callable[[_T, Callable[[], bool]], _R], *, threads: int = THREADS
) -> list[_R]:
    """Call ``work(job, stop)`` for every job, in this order of start; the results are in the order of the jobs.

    Args:
        jobs: what to work on, the longest first.
        work: does one; is to end soon, in any way, once ``stop()`` is true.
        threads: how many at a time.

    Raises:
        Exception: the first that `work` raises, after the others have stopped; `KeyboardInterrupt` likewise.
    """
    todo = deque(enumerate(jobs))
    results: dict[int, _R] = {}
    failures: list[BaseException] = []
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            try:
                place, job = todo.popleft()
            except IndexError:
                return
            try:
                results[place] = work(job, stopping.is_set)
            except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
                failures.append(error)
                stopping.set()

    count = len(todo)
    if count == 1:
        run()
    else:
        _in_threads(run, min(threads, count), stopping)
    if failures:
        raise failures[0]
    return [results[place] for place in range(count)]


def _in_threads(run: Callable[[], None], count: int, stopping: threading.Event) -> None:
    crew = [threading.Thread(target=run, daemon=True, name="dockmagic") for _ in range(count)]
    try:
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
    except BaseException:
        stopping.set()
        for thread in crew:
            if thread.ident is not None:
                thread.join(_GRACE)
        raise
