"""``logs``: print what a container has written."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from dockmagic.engine.images.filters import moment

from .cmdline.command import verb
from .cmdline.parameters import argument, flag, option
from .streams.stream_io import Kept

if TYPE_CHECKING:
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
    first, end = (moment(text) if text else None for text in (since, until))
    container = ctx.engine.containers.get(name)
    kept = Kept(ctx)
    try:
        if last is None and first is end is None and not timestamps:
            for frame in container.logs(follow=follow):
                kept(frame.stream, frame.data)
            return kept.ran(container, 0)
        lines = ctx.engine.containers.log_lines(container, follow=follow, tail=last, since=first, until=end)
        for line in lines:
            kept(line.stream, line.stamped if timestamps else line.data)
    except KeyboardInterrupt:
        if not follow:
            raise
        return kept.ran(container, 128 + signal.SIGINT)
    return kept.ran(container, 0)


_DIGITS = 18


def _number(tail: str) -> int | None:
    """How many lines from the end; None for all of them, which is what every other word means to docker, too."""
    # More lines than any log has are all of them, too.
    return int(tail) if tail.isascii() and tail.isdecimal() and len(tail) <= _DIGITS else None
