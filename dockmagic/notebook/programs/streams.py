"""The output of a program in a cell: kept whole, and shown as it comes as far as a page can bear."""

from __future__ import annotations

import sys
import weakref
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final

from dockmagic.commands.output.format import human_size

from .readable import Readable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["OutputCapture"]

STDOUT, STDERR = 1, 2
#: A page is slow beyond about a million characters: so much is shown of the beginning and of the end, in bytes.
_BEGINNING: Final = 400_000
_END: Final = 20_000
#: So much of a stream is kept in memory; what is longer goes to a temporary file.
_IN_MEMORY: Final = 64 << 20


class OutputCapture:
    """Takes a program's output, as ``on_output``; use it in a ``with`` statement around the program's life.

    Standard output and standard error go to the cell's. After the first 400 kB only the last 20 kB are shown, when the
    program has ended, with a line that says how much was left out. Output with a zero byte is not text: it is kept and
    not shown.
    """

    def __init__(self) -> None:
        self._kept = {stream: SpooledTemporaryFile(max_size=_IN_MEMORY) for stream in (STDOUT, STDERR)}  # noqa: SIM115  (they live as long as the result)
        for file in self._kept.values():
            weakref.finalize(self, file.close)
        self._shown = {stream: Readable() for stream in (STDOUT, STDERR)}
        self._room = _BEGINNING
        self._end: list[tuple[int, bytes]] = []
        self._waiting = 0
        self._left_out = 0
        self._binary = 0

    def __call__(self, stream: int, data: bytes) -> None:
        """Take one piece of stream 1 or 2."""
        self._kept[stream].write(data)
        if self._binary or b"\0" in data:
            self._binary += len(data)
        elif self._room and len(data) < self._room:
            self._room -= len(data)
            self._show(stream, data)
        else:
            self._hold(stream, data)

    def read(self, stream: int) -> bytes:
        """All that came on one of the streams."""
        file = self._kept[stream]
        file.seek(0)
        data = file.read()
        file.seek(0, 2)
        return data

    def close(self) -> None:
        """Show the end of what was too long to be shown."""
        held = [(stream, data) for stream, data in self._end if data]
        self._end = []
        if self._left_out:
            cut = self._left_out
            if held and (line_end := held[0][1].find(b"\n")) >= 0:
                held[0] = (held[0][0], held[0][1][line_end + 1 :])
                cut += line_end + 1
            self._say(f"\n… {human_size(cut)} left out here; the result has them …\n")
        for stream, data in held:
            self._show(stream, data)
        for stream in (STDOUT, STDERR):
            self._show(stream, b"", final=True)
        if self._binary:
            self._say(f"… {human_size(self._binary)} that are not text; the result has them …\n")
        for file in (sys.stdout, sys.stderr):
            file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hold(self, stream: int, data: bytes) -> None:
        """Show up to the last line end for which there is room; keep the rest back, and of that only the end."""
        if self._room:
            line_end = data.rfind(b"\n", 0, self._room) + 1
            self._show(stream, data[:line_end])
            data = data[line_end:]
            self._room = 0
        self._end.append((stream, data))
        self._waiting += len(data)
        while self._waiting > _END:
            first, oldest = self._end[0]
            surplus = min(self._waiting - _END, len(oldest))
            self._left_out += surplus
            self._waiting -= surplus
            if surplus == len(oldest):
                self._end.pop(0)
            else:
                self._end[0] = (first, oldest[surplus:])

    def _show(self, stream: int, data: bytes, *, final: bool = False) -> None:
        text = self._shown[stream].text(data, final=final)
        if text:
            (sys.stdout if stream == STDOUT else sys.stderr).write(text)

    @staticmethod
    def _say(line: str) -> None:
        sys.stdout.write(line)
