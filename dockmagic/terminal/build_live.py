"""A build on a terminal: one line for each step, under those that run the last of their output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dockmagic.commands.output.build_progress import BuildProgress
from dockmagic.commands.output.format import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from dockmagic.commands.output.build_progress import StepState

__all__ = ["LiveBuild"]

_TAIL: Final = 6
_STYLES: Final = {"done": "blue", "cached": "blue", "failed": "red", "running": "", "canceled": "yellow"}


class LiveBuild:
    """Draws a build while it lasts, and leaves its last state on the terminal; a context manager."""

    def __init__(self) -> None:
        # Only a build on a terminal pays for this import (70 ms).
        from rich.console import Console
        from rich.live import Live

        self.board = BuildProgress()
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, refresh_per_second=8, get_renderable=self._draw)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _draw(self) -> Any:
        from rich.text import Text

        width, height = self._console.size
        with self.board.lock:
            steps = [step for step in self.board.steps.values() if step.outcome not in ("waiting", "skipped")]
            head = f"[+] Building {self.board.seconds:.1f}s ({self.board.finished}/{len(self.board.steps)})"
            lines = [Text(head), *(line for step in steps for line in _step_lines(step, width))]
        # What does not fit would scroll away at every refresh: the head and the newest lines stay.
        return Text("\n").join([lines[0], *lines[1:][-(height - 2) :]])


def _step_lines(step: StepState, width: int) -> Iterator[Any]:
    from rich.text import Text

    clock = f"{step.elapsed:.1f}s"
    mark = "CACHED " if step.outcome == "cached" else "ERROR " if step.outcome == "failed" else ""
    room = max(10, width - len(clock) - 5)
    title = f"=> {mark}{step.info.title}"
    title = title if len(title) <= room else f"{title[: room - 1]}…"
    yield Text(f" {title:<{room}} {clock:>{len(clock)}}", style=_STYLES.get(step.outcome, ""), no_wrap=True)
    if step.outcome != "running":
        return
    for what, (status, done, total) in step.transfers.items():
        amount = f"{human_size(done)} / {human_size(total)}" if total else ""
        yield Text(f"    {what}: {status} {amount}"[: width - 1], style="dim", no_wrap=True)
    for line in list(step.lines)[-_TAIL:]:
        yield Text(f"    # {line}"[: width - 1], style="dim", no_wrap=True)
