"""``logs``: what a container has written."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dockmagic.engine.images.filters import moment

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .streams.stream_io import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.runtime.shim.log import Frame

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "logs",
    "[OPTIONS] CONTAINER",
    ("logs web", "all that it has written, of all its runs"),
    ("logs -f -n 10 web", "the last ten lines, and what comes"),
    ("logs -t --since 10m web", "of the last ten minutes, with the time of each line"),
    returns="Ran",
    aliases=("container logs",),
)
@argument("name", "container", metavar="CONTAINER")
@flag("-f", "--follow", help="Follow log output")
@option("-n", "--tail", default="all", metavar="string", help="Number of lines to show from the end of the logs")
@option("--since", default="", metavar="string", help="Show logs since a date or a duration (e.g. 42m)")
@option("--until", default="", metavar="string", help="Show logs before a date or a duration (e.g. 42m)")
@flag("-t", "--timestamps", help="Show timestamps")
@flag("--details", hidden=True, help="There are no details")
def command(
    ctx: CommandContext,
    name: str,
    *,
    tail: str,
    since: str,
    until: str,
    follow: bool,
    timestamps: bool,
    details: bool,  # noqa: ARG001  (docker's habit)
) -> Result:
    """Fetch the logs of a container."""
    last = _number(tail)
    since_, until_ = (moment(text).timestamp() if text else None for text in (since, until))
    container = ctx.engine.containers.get(name)
    kept = Kept(ctx)
    try:
        if last is None and since_ is until_ is None and not timestamps:
            for frame in container.logs(follow=follow):
                kept(frame.stream, frame.data)
            return kept.ran(container, 0)
        skipped = 0
        if last is not None:
            skipped = max(0, sum(1 for _ in _between(container.logs(), since_, until_)) - last)
        for line in islice(_between(container.logs(follow=follow), since_, until_), skipped, None):
            kept(line.stream, line.stamped if timestamps else line.data)
    except KeyboardInterrupt:
        if not follow:
            raise
        return kept.ran(container, 128 + signal.SIGINT)
    return kept.ran(container, 0)


class _Line(NamedTuple):
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


_DIGITS = 18


def _number(tail: str) -> int | None:
    """How many lines from the end; None for all of them, which is what every other word means to docker, too."""
    # More lines than any log has are all of them, too.
    return int(tail) if tail.isascii() and tail.isdecimal() and len(tail) <= _DIGITS else None


def _between(frames: Iterable[Frame], since: float | None, until: float | None) -> Iterator[_Line]:
    for line in _lines(frames):
        seconds = line.time / 1_000_000_000
        if until is not None and seconds > until:
            return
        if since is None or seconds >= since:
            yield line


def _lines(frames: Iterable[Frame]) -> Iterator[_Line]:
    """Whole lines, each where its end came; at the very end those that have none."""
    begun: dict[int, _Line] = {}
    for frame in frames:
        *whole, rest = frame.data.split(b"\n")
        for piece in whole:
            line = begun.pop(frame.stream, _Line(frame.time, frame.stream, b""))
            yield line._replace(data=line.data + piece + b"\n")
        if rest:
            line = begun.pop(frame.stream, _Line(frame.time, frame.stream, b""))
            begun[frame.stream] = line._replace(data=line.data + rest)
    yield from begun.values()
