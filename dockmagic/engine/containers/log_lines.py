"""The log of a container as lines, each with its time: cut by time and by number."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.shim.log import Frame

__all__ = ["LogLine", "log_lines"]


class LogLine(NamedTuple):
    """A line with its end, if it has one.

    Attributes:
        time: when its beginning came, in nanoseconds since the epoch.
        stream: 1 or 2.
        data: the bytes.
    """

    time: int
    stream: int
    data: bytes

    @property
    def stamped(self) -> bytes:
        """With its time before it (RFC 3339, nanoseconds)."""
        seconds, rest = divmod(self.time, 1_000_000_000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z ".encode() + self.data


def log_lines(
    container: Container, *, follow: bool, tail: int | None, since: datetime | None, until: datetime | None
) -> Iterator[LogLine]:
    """Lines of a log; see `Containers.log_lines`."""
    first, last = (None if moment is None else moment.timestamp() for moment in (since, until))
    skipped = 0
    if tail is not None:
        skipped = max(0, sum(1 for _ in _between(container.logs(), first, last)) - tail)
    return islice(_between(container.logs(follow=follow), first, last), skipped, None)


def _between(frames: Iterable[Frame], since: float | None, until: float | None) -> Iterator[LogLine]:
    for line in _lines(frames):
        seconds = line.time / 1_000_000_000
        if until is not None and seconds > until:
            return
        if since is None or seconds >= since:
            yield line


def _lines(frames: Iterable[Frame]) -> Iterator[LogLine]:
    """Whole lines, each where its end came; at the very end those that have none."""
    begun: dict[int, LogLine] = {}
    for frame in frames:
        *whole, rest = frame.data.split(b"\n")
        for piece in whole:
            line = begun.pop(frame.stream, LogLine(frame.time, frame.stream, b""))
            yield line._replace(data=line.data + piece + b"\n")
        if rest:
            line = begun.pop(frame.stream, LogLine(frame.time, frame.stream, b""))
            begun[frame.stream] = line._replace(data=line.data + rest)
    yield from begun.values()
