"""Attach a program in a container to the streams of a command: its output, their input, and signals."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Final

from dockmagic.commands.cmdline.result import Ran
from dockmagic.commands.flags.detach_keys import configured_detach_keys, detach_keys_of
from dockmagic.linux import disposition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from dockmagic.commands.cmdline.context import CommandContext
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["Kept", "follow"]

#: Signals that end a program which has not made provision for them; the kernel keeps them from a process 1.
_DEADLY: Final = frozenset((signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM))
_ENOUGH: Final = 3


class Kept:
    """An `on_output` that passes on what it gets, and keeps the beginning of it.

    Attributes:
        dropped: how many bytes were not kept.
    """

    def __init__(self, ctx: CommandContext) -> None:
        self._tell = ctx.on_output
        self._room = {1: ctx.kept_output, 2: ctx.kept_output}
        self._pieces: dict[int, list[bytes]] = {1: [], 2: []}
        self.dropped = 0

    def __call__(self, stream: int, data: bytes) -> None:
        """Take `data` of stream 1 or 2."""
        piece = data[: self._room[stream]]
        if piece:
            self._pieces[stream].append(piece)
            self._room[stream] -= len(piece)
        self.dropped += len(data) - len(piece)
        self._tell(stream, data)

    def ran(self, container: Container, exit_code: int | None) -> Ran:
        """The result of a program that wrote this."""
        out, err = (b"".join(self._pieces[stream]) for stream in (1, 2))
        return Ran(container, exit_code, out, err, self.dropped)


class _Left(Exception):
    """The user wants to go, and the program does not."""


def follow(
    ctx: CommandContext,
    container: Container,
    session: Session,
    *,
    stdin: bool,
    command: str,
    detach_keys: str = "",
    sig_proxy: bool = True,
    first: bool = True,
    kill: bool = True,
) -> Ran:
    """Follow a program to its end, or until the user leaves it, and close the session.

    Args:
        ctx: whose streams these are.
        container: that the program runs in.
        session: with the program.
        stdin: whether the input of `ctx` goes to it.
        command: what runs, for a title.
        detach_keys: as ``--detach-keys`` takes them; empty for those of the user's configuration, or docker's.
        sig_proxy: whether signals to this process go to the program.
        first: whether it is the container's first process, which the kernel keeps many signals from.
        kill: whether a signal that such a process does not mind, or the third SIGINT, kills it; else the user leaves.

    Raises:
        InvalidInput: no such keys.
    """
    if session.terminal and ctx.terminal is not None:
        keys = detach_keys_of(detach_keys) if detach_keys else configured_detach_keys()
        code = ctx.terminal(container, session, stdin=stdin, detach_keys=keys, command=command)
        _tell_of_log(ctx, container, session)
        return Ran(container, code)
    kept = Kept(ctx)
    count = 0

    def send(number: int) -> None:
        nonlocal count
        count += number == signal.SIGINT
        enough = count >= _ENOUGH
        if not kill and (enough or (number in _DEADLY and not _heeds(container, number))):
            raise _Left
        session.send_signal(signal.SIGKILL if enough else number, insist=kill and first and number in _DEADLY)

    with session, _handed_on(ctx.proxied if sig_proxy else (), send):
        source = b"" if ctx.program_input is None else ctx.program_input
        try:
            code = session.follow(kept, stdin=source if stdin else None)
            _tell_of_log(ctx, container, session)
            return kept.ran(container, code)
        except _Left:
            ctx.say(f"{container.name} goes on: {ctx.prog} stop {container.name} ends it")
            return kept.ran(container, None)


def _tell_of_log(ctx: CommandContext, container: Container, session: Session) -> None:
    if session.unlogged:
        ctx.say(f"the log of {container.name} lacks some of this: {session.unlogged}")


def _heeds(container: Container, number: int) -> bool:
    """Whether a signal does anything to the container's first process, now or later."""
    processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = disposition.look(processes, container.state.pid, number)
    finally:
        os.close(processes)
    return found is None or found.provided or found.blocked


@contextlib.contextmanager
def _handed_on(numbers: tuple[int, ...], send: Callable[[int], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's business
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        send(number)

    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
