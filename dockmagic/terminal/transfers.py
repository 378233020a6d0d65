"""Progress of transfers on standard error."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import short_id
from dockmagic.oci.printable import printable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self, TextIO

    from dockmagic.oci.spec import Descriptor

__all__ = ["TransferProgress"]

#: Words after which nothing more comes for a blob.
_LAST_WORDS: Final = ("Pull complete", "Already exists", "Pushed", "Layer already exists", "Mounted from", "Loaded")
#: Words that a log is told, too: docker prints them where standard output is no terminal.
_LOGGED: Final = (*_LAST_WORDS, "Pulling fs layer", "Download complete", "Verifying Checksum", "Preparing", "Waiting")


class TransferProgress:
    """A `Progress` listener: a bar per blob on a terminal, one line per change of status elsewhere.

    Args:
        stream: where it is shown.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._status: dict[str, str] = {}
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def __call__(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        """See `oci.protocols.Progress`."""
        with self._lock:
            if self._stream.isatty():
                self._draw(desc, status, done, total)
            elif self._status.get(desc.digest) != status:
                self._status[desc.digest] = status
                if status.startswith(_LOGGED):
                    print(printable(f"{short_id(desc.digest)}: {status}"), file=self._stream, flush=True)

    def _draw(self, desc: Descriptor, status: str, done: int, total: int) -> None:
        if self._bars is None:
            self._bars = _bars()
            self._bars.start()
        task = self._tasks.get(desc.digest)
        if task is None:
            task = self._tasks[desc.digest] = self._bars.add_task(status, id=short_id(desc.digest), total=None)
        finished = status.startswith(_LAST_WORDS)
        self._bars.update(
            task, description=status, total=total or desc.size or 1, completed=(total or 1) if finished else done
        )

    def say(self, line: str) -> None:
        """Print a notice, above the bars."""
        line = printable(line)
        with self._lock:
            if self._bars is not None:
                self._bars.console.print(line, markup=False, highlight=False)
            else:
                print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the bars as they are now."""
        with self._lock:
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bars() -> Any:
    # Only a transfer on a terminal pays for this import (70 ms).
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.fields[id]}: {task.description:<18}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        refresh_per_second=8,
    )
