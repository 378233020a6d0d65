"""A build as lines of text, as BuildKit's plain progress prints it, and as one JSON object for each event."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import msgspec

from dockmagic.builder.outcome.events import Exported, StepDone, StepOutput, StepProgress, StepStarted
from dockmagic.commands.output.build_progress import LineDecoder
from dockmagic.oci.printable import printable

if TYPE_CHECKING:
    from typing import TextIO

    from dockmagic.builder.outcome.events import BuildEvent, StepInfo

__all__ = ["JsonProgress", "PlainProgress"]


class PlainProgress:
    """Prints each step under its number; steps that run side by side take turns, each announced anew.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._steps: dict[int, tuple[StepInfo, float, LineDecoder]] = {}
        self._statuses: dict[tuple[int, str], str] = {}
        self._current = 0

    def __call__(self, event: BuildEvent) -> None:
        """Take one event of the build."""
        with self._lock:
            match event:
                case StepStarted(step=info, at=at):
                    self._steps[info.number] = (info, at, LineDecoder())
                    self._turn_to(info.number)
                case StepOutput(number=number, data=data):
                    self._output(number, self._steps[number][2].feed(data))
                case StepProgress(number=number, what=what, status=status):
                    if self._statuses.get((number, what)) != status:
                        self._statuses[number, what] = status
                        self._turn_to(number)
                        self._print(printable(f"#{number} {what}: {status}"))
                case StepDone(number=number) if number in self._steps:
                    self._output(number, self._steps[number][2].rest())
                    self._turn_to(number)
                    self._print(f"#{number} {_ending(event)}\n")
                    self._current = 0
                case Exported(what=what, where=where, image_id=image_id):
                    self._print(
                        printable(f"{'naming to' if what == 'image' else f'writing {what}'} {where}  {image_id}")
                    )

    def _turn_to(self, number: int) -> None:
        if self._current == number:
            return
        if self._current:
            self._print(f"#{self._current} ...\n")
        self._current = number
        self._print(printable(f"#{number} {self._steps[number][0].title}"))

    def _output(self, number: int, lines: list[str]) -> None:
        if lines:
            self._turn_to(number)
        for line in lines:
            self._print(f"#{number} {time.time() - self._steps[number][1]:.3f} {line}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def _ending(event: StepDone) -> str:
    match event.outcome:
        case "cached":
            return "CACHED"
        case "failed":
            return f"ERROR: {event.why}"
        case "canceled" | "skipped":
            return "CANCELED"
        case _:
            return f"DONE {event.seconds:.1f}s"


class JsonProgress:
    """Prints each event as one line of JSON.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, event: BuildEvent) -> None:
        """Take one event of the build."""
        line = msgspec.json.encode(event, enc_hook=str).decode()  # a digest is a str of its own kind
        with self._lock:
            print(line, file=self._stream, flush=True)
