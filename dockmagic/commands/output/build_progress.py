"""How far a build is: what its events say, gathered for whoever draws it."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.builder.outcome.events import (
    BuildStarted,
    BuildWarned,
    Exported,
    StepDone,
    StepOutput,
    StepProgress,
    StepStarted,
)

from .stopwatch import stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.builder.outcome.events import BuildEvent, StepInfo

__all__ = ["BuildProgress", "LineDecoder", "StepState"]

_KEPT: Final = 400


class LineDecoder:
    """Bytes of a program into lines of text; of a line that was overwritten (a progress bar) the last state."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [_text(line) for line in whole]

    def rest(self) -> list[str]:
        """What came after the last line end, if anything did."""
        last, self._rest = self._rest, b""
        return [_text(last)] if last else []


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")


class StepState(msgspec.Struct):
    """One step, as far as it is.

    Attributes:
        info: which one.
        outcome: how it ended; ``waiting`` and ``running`` before.
        began: seconds since the epoch; 0 before.
        seconds: that it took.
        why: what the cache says, or the failure.
        lines: the last of its output.
        dropped: how many lines came before those.
        transfers: what is fetched: name → status, bytes so far, bytes in all.
    """

    info: StepInfo
    outcome: str = "waiting"
    began: float = 0.0
    seconds: float = 0.0
    why: str = ""
    lines: deque[str] = msgspec.field(default_factory=lambda: deque(maxlen=_KEPT))
    dropped: int = 0
    transfers: dict[str, tuple[str, int, int]] = msgspec.field(default_factory=dict)
    splitter: LineDecoder = msgspec.field(default_factory=LineDecoder)

    @property
    def elapsed(self) -> float:
        """Seconds until now, or that it took."""
        return time.time() - self.began if self.outcome == "running" else self.seconds

    def add(self, lines: list[str]) -> None:
        """Keep the last lines, count the others."""
        self.dropped += max(0, len(self.lines) + len(lines) - _KEPT)
        self.lines.extend(lines)


class BuildProgress:
    """The last word on each step of a build. Written by the build's threads, drawn by another.

    Attributes:
        steps: by their numbers, in the order of the file.
        warnings: in the order in which they came.
        exported: what was written and named.

    Args:
        clock: tells the seconds since the build began; None for one that begins now.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.steps: dict[int, StepState] = {}
        self.warnings: list[BuildWarned] = []
        self.exported: list[Exported] = []
        self._clock = clock or stopwatch()
        #: Held while something changes, and by who draws.
        self.lock = threading.RLock()

    def __call__(self, event: BuildEvent) -> None:
        """Take one event of the build."""
        with self.lock:
            match event:
                case BuildStarted(steps=steps):
                    self.steps.update({info.number: StepState(info) for info in steps})
                case StepStarted(step=info, at=at):
                    step = self.steps.setdefault(info.number, StepState(info))
                    step.outcome, step.began = "running", at
                case StepOutput(number=number, data=data):
                    self.steps[number].add(self.steps[number].splitter.feed(data))
                case StepProgress(number=number):
                    self.steps[number].transfers[event.what] = (event.status, event.done, event.total)
                case StepDone(number=number):
                    step = self.steps[number]
                    step.outcome, step.seconds, step.why = event.outcome, event.seconds, event.why
                    step.add(step.splitter.rest())
                case BuildWarned():
                    self.warnings.append(event)
                case Exported():
                    self.exported.append(event)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock()

    @property
    def finished(self) -> int:
        """How many steps are over."""
        return sum(1 for step in self.steps.values() if step.outcome not in ("waiting", "running"))
