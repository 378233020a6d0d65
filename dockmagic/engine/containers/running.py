"""Start a container's program and follow it: what every front end does between `create` and the exit code."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dockmagic.engine.options import convert
from dockmagic.oci.errors import DockmagicError, InvalidInput
from dockmagic.runtime.completed import Completed, TimeExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["Capture", "complete", "detached", "finished", "followed", "followed_input"]


def detached(container: Container, *, owner: int | None = None) -> Container:
    """Start a container that goes on by itself; one with ``rm`` is removed where it cannot start.

    Args:
        container: to start.
        owner: process that it must not outlive; None for none.
    """
    try:
        container.start(owner=owner).close()
    except BaseException:
        _discard(container)
        raise
    return container


@contextmanager
def followed(container: Container, *, window: tuple[int, int] | None = None) -> Iterator[Session]:
    """Start a container that must not outlive this process; one with ``rm`` is removed when it has ended or failed.

    Args:
        container: to start; its input is fed by the session if it is open.
        window: rows and columns of its terminal; None for the default.
    """
    try:
        yield container.start(owner=os.getpid(), stdin=container.record.open_stdin, window=window)
    except BaseException:
        _discard(container)
        raise
    if container.record.auto_remove and not container.is_running:
        _discard(container)


def _discard(container: Container) -> None:
    if container.record.auto_remove:
        with suppress(DockmagicError):  # another process removed it
            container.remove(force=True, volumes=True)


class Capture:
    """Keeps both streams of a program, and passes each piece on.

    Args:
        on_output: gets 1 or 2 for the stream, and the bytes, as they come; None for none.
    """

    def __init__(self, on_output: Callable[[int, bytes], None] | None = None) -> None:
        self._on_output = on_output
        self._pieces: dict[int, list[bytes]] = {1: [], 2: []}

    def __call__(self, stream: int, data: bytes) -> None:
        """Take `data` of stream 1 or 2."""
        self._pieces[stream].append(data)
        if self._on_output is not None:
            self._on_output(stream, data)

    def completed(self, args: tuple[str, ...], exit_code: int) -> Completed:
        """What came of the program."""
        return Completed(args, exit_code, b"".join(self._pieces[1]), b"".join(self._pieces[2]))


def finished(
    container: Container,
    *,
    stdin: bytes | None,
    timeout: float | None,
    on_output: Callable[[int, bytes], None] | None,
) -> Completed:
    """Start a container, feed its input, and wait for its end.

    Args:
        container: to start.
        stdin: its input; None for none.
        timeout: seconds until it is killed; None for no limit.
        on_output: gets the output as it comes.

    Raises:
        TimeExceeded: it was killed after `timeout` seconds.
    """
    with followed(container) as session:
        return complete(session, container.record.argv, stdin=stdin, timeout=timeout, on_output=on_output)


def complete(
    session: Session,
    args: tuple[str, ...],
    *,
    stdin: bytes | None,
    timeout: float | None,
    on_output: Callable[[int, bytes], None] | None,
) -> Completed:
    """Follow a program to its end, and close the session; see `finished`."""
    capture = Capture(on_output)
    late = threading.Event()

    def kill() -> None:
        late.set()
        session.send_signal(signal.SIGKILL)

    timer = threading.Timer(timeout, kill) if timeout is not None else None
    with session:
        if timer is not None:
            timer.start()
        try:
            code = session.follow(capture, stdin=stdin)
        finally:
            if timer is not None:
                timer.cancel()
    done = capture.completed(args, code)
    if timeout is not None and late.is_set():
        raise TimeExceeded(done, timeout)
    return done


def followed_input(fed: object, *, check: object, timeout: object, on_output: object) -> bytes | None:
    """The input of a program, after what else says how it is followed was found to fit."""
    convert.switch("check", check)
    if timeout is not None and convert.seconds("timeout", timeout) < 0:
        raise InvalidInput(f"timeout is negative: {timeout}", hint="Leave it out for no limit")
    if on_output is not None and not callable(on_output):
        raise convert.unfit("on_output", on_output, "a function of a stream and bytes")
    return _fed(fed)


def _fed(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, (bytearray, memoryview)):
        raise convert.unfit("input", value, "bytes or a str")
    return bytes(value)
