"""Events of a `Job`, and how many of them are kept."""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import msgspec

from dockmagic.builder.outcome.events import BuildEvent, StepOutput, StepProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BlobProgress", "Event", "EventLog", "Notice"]

_MOST_EVENTS: Final = 10_000
_MOST_BYTES: Final = 16 * 1024 * 1024


class BlobProgress(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How far the transfer of one blob is.

    Attributes:
        digest: of the blob.
        status: docker's word: ``Waiting``, ``Downloading``, ``Already exists``, ``Pull complete``, ``Pushing``, …
        done: bytes so far.
        total: bytes in all; 0 if it is not known.
    """

    digest: str
    status: str
    done: int = 0
    total: int = 0


class Notice(msgspec.Struct, frozen=True, tag=True):
    """One line about a wait, a fallback, or a limit that this machine cannot hold.

    Attributes:
        text: the line, without its end.
    """

    text: str


#: Every event of a long call.
Event = BlobProgress | Notice | BuildEvent


class EventLog:
    """The events of one call, for any number of readers, who may come late; written by any thread.

    Of the progress of one blob in one status only the last is kept. Beyond 10,000 events, or 16 MiB of programs'
    output, the oldest are dropped.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: list[tuple[int, Event]] = []  # with their numbers, which rise and may have gaps
        self._latest: dict[tuple[object, ...], int] = {}
        self._next = 0
        self._bytes = 0
        self._closed = False

    def append(self, event: Event) -> None:
        """Add an event, and wake the readers."""
        with self._changed:
            key = _supersedes(event)
            if key is not None:
                self._drop_number(self._latest.get(key))
                self._latest[key] = self._next
            self._events.append((self._next, event))
            self._next += 1
            self._bytes += _size(event)
            if len(self._events) > _MOST_EVENTS or self._bytes > _MOST_BYTES:
                self._drop_oldest()
            self._changed.notify_all()

    def close(self) -> None:
        """Let the readers end when they have read everything."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Event]:
        """The events that are kept, then each as it comes, until the call has ended."""
        place = 0
        while True:
            with self._changed:
                while not (fresh := self._events[bisect_left(self._events, place, key=_number) :]):
                    if self._closed:
                        return
                    self._changed.wait()
            for number, event in fresh:
                place = number + 1
                yield event

    def _drop_number(self, number: int | None) -> None:
        if number is None:
            return
        place = bisect_left(self._events, number, key=_number)
        if place < len(self._events) and self._events[place][0] == number:
            del self._events[place]

    def _drop_oldest(self) -> None:
        # A quarter at once, for each removal at the front moves all that follow.
        gone = max(1, len(self._events) // 4)
        self._bytes -= sum(_size(event) for _, event in self._events[:gone])
        del self._events[:gone]
        first = self._events[0][0] if self._events else self._next
        self._latest = {key: number for key, number in self._latest.items() if number >= first}


def _number(numbered: tuple[int, Event]) -> int:
    return numbered[0]


def _supersedes(event: Event) -> tuple[object, ...] | None:
    """Equal for events of which the later one says all that the earlier one said; None for those that stay."""
    if isinstance(event, BlobProgress):
        return event.digest, event.status
    if isinstance(event, StepProgress):
        return event.number, event.what, event.status
    return None


def _size(event: Event) -> int:
    return len(event.data) if isinstance(event, StepOutput) else 0
