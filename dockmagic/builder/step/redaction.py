"""Keeps the values of secrets out of what a step's program writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Redaction"]

#: Shorter ones would black out half of any output, and protect nobody.
_SHORTEST = 4
_MASK = b"***"


class Redaction:
    """Passes output on with every secret replaced by ``***``, also where one comes in two pieces.

    Args:
        secrets: their values; of one with several lines, each line counts too.
        on_output: gets stream and bytes.
    """

    def __init__(self, secrets: Iterable[bytes], on_output: Callable[[int, bytes], None]) -> None:
        words = {word for value in secrets for word in (value.strip(), *map(bytes.strip, value.splitlines()))}
        self._words = sorted((word for word in words if len(word) >= _SHORTEST), key=len, reverse=True)
        self._on_output = on_output
        self._held: dict[int, bytes] = {}

    def __call__(self, stream: int, data: bytes) -> None:
        """More output; what may be the beginning of a secret waits for the next piece."""
        if not self._words:
            self._on_output(stream, data)
            return
        data = self._masked(self._held.pop(stream, b"") + data)
        kept = self._beginning(data)
        self._held[stream] = data[len(data) - kept :]
        if len(data) > kept:
            self._on_output(stream, data[: len(data) - kept])

    def finish(self) -> None:
        """The program has ended: what waited is no secret."""
        for stream, data in self._held.items():
            if data:
                self._on_output(stream, data)
        self._held = {}

    def _masked(self, data: bytes) -> bytes:
        for word in self._words:
            data = data.replace(word, _MASK)
        return data

    def _beginning(self, data: bytes) -> int:
        """How many of the last bytes begin a secret."""
        longest = min(len(self._words[0]) - 1, len(data))
        for length in range(longest, 0, -1):
            end = data[-length:]
            if any(word.startswith(end) for word in self._words):
                return length
        return 0
