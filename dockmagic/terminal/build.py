"""How a build goes, on standard error: live on a terminal, as lines elsewhere, and at its end what is odd."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dockmagic.builder.outcome.events import BuildWarned, ignore_events

from .build_plain import JsonProgress, PlainProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from dockmagic.builder.outcome.events import BuildEvent

__all__ = ["followed_build"]


@contextmanager
def followed_build(stream: TextIO, style: str) -> Iterator[Callable[[BuildEvent], None]]:
    """What gets the events of a build, in the style of ``--progress``.

    Args:
        stream: where it is shown; ``tty`` asks for a terminal, ``auto`` finds out.
        style: ``auto``, ``plain``, ``tty``, ``quiet`` or ``rawjson``.
    """
    if style == "quiet":
        yield ignore_events
    elif style == "rawjson":
        yield JsonProgress(stream)
    elif style == "tty" or (style == "auto" and stream.isatty()):
        from .build_live import LiveBuild

        live = LiveBuild()
        with live:
            yield live.board
        _tell(stream, live.board.warnings)
    else:
        warnings: list[BuildWarned] = []
        plain = PlainProgress(stream)

        def hear(event: BuildEvent) -> None:
            if isinstance(event, BuildWarned):
                warnings.append(event)
            else:
                plain(event)

        yield hear
        _tell(stream, warnings)


def _tell(stream: TextIO, warnings: list[BuildWarned]) -> None:
    """As docker's command line does when all is done."""
    if not warnings:
        return
    count = len(warnings)
    lines = [f"\n {count} warning{'' if count == 1 else 's'} found (dockmagic build --check tells more):"]
    for one in warnings:
        rule, line = f"{one.rule}: " if one.rule else "", f" (line {one.line})" if one.line else ""
        lines.append(f" - {rule}{one.text}{line}")
    print("\n".join(lines), file=stream, flush=True)
