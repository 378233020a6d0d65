"""Waiting that a signal ends."""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dockmagic.linux.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _caught(number: signal.Signals) -> Iterator[list[int]]:
    caught: list[int] = []
    before = signal.signal(number, lambda number, _: caught.append(number))
    try:
        yield caught
    finally:
        signal.signal(number, before)


def _readable(wakeup: Wakeup, seconds: float = 0) -> bool:
    return bool(select.select([wakeup], [], [], seconds)[0])


def test_a_signal_before_the_waiting_is_not_slept_through() -> None:
    """Python's own poll(2) is not interrupted by what came before it; this one is, once for all that came."""
    with _caught(signal.SIGUSR1) as caught, Wakeup.armed() as wakeup:
        assert wakeup
        assert not _readable(wakeup)
        for _ in range(3):
            signal.raise_signal(signal.SIGUSR1)
        assert caught == [signal.SIGUSR1] * 3
        assert _readable(wakeup, 60)
        wakeup.rest()
        assert not _readable(wakeup)


def test_who_listened_before_hears_the_same() -> None:
    """An event loop's descriptor is told what came meanwhile, and is back when nobody waits any more."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(writing)
    try:
        with _caught(signal.SIGUSR1):
            with Wakeup.armed() as wakeup:
                assert wakeup
                signal.raise_signal(signal.SIGUSR1)
                wakeup.rest()
            assert os.read(reading, 9) == bytes([signal.SIGUSR1])
            signal.raise_signal(signal.SIGUSR1)
            assert os.read(reading, 9) == bytes([signal.SIGUSR1])
    finally:
        assert signal.set_wakeup_fd(before) == writing
        os.close(reading)
        os.close(writing)


def test_only_the_main_thread_is_woken() -> None:
    """Python handles signals nowhere else."""
    found: list[Wakeup | None] = []

    def look() -> None:
        with Wakeup.armed() as wakeup:
            found.append(wakeup)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [None]
