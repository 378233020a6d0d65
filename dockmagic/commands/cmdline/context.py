"""The context that a front end gives to a verb: the engine, its streams, and where progress goes."""

from __future__ import annotations

import signal
from contextlib import nullcontext
from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from dockmagic.builder.outcome.events import ignore_events
from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.engine import Engine
    from dockmagic.oci.protocols import Progress
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

__all__ = ["Ask", "CommandContext", "Follow", "Terminal", "cannot_ask"]


class Ask(Protocol):
    """Asks the user for one line."""

    def __call__(self, prompt: str, *, secret: bool) -> str:
        """The answer to `prompt`; a `secret` one is not shown while it is typed."""
        ...


class Terminal(Protocol):
    """Lets a user and a program on a terminal of its own talk to each other (``run -it``, ``exec -it``, ``attach``)."""

    def __call__(
        self, container: Container, session: Session, *, stdin: bool, detach_keys: bytes, command: str
    ) -> int | None:
        """Talk, and close the session, now or later.

        Args:
            container: that the program runs in.
            session: with the program; it has a terminal.
            stdin: whether what the user types goes to the program.
            detach_keys: what the user types to leave, and let the program go on; empty for nothing.
            command: what runs, for a title.

        Returns:
            The program's exit code; None if it goes on: the user left it, or the talk takes place elsewhere.
        """
        ...


class Follow(Protocol):
    """Shows how a build goes."""

    def __call__(self, style: str) -> AbstractContextManager[Callable[[BuildEvent], None]]:
        """A context with what gets the events of the build.

        Args:
            style: ``auto``, ``plain``, ``tty``, ``quiet`` or ``rawjson``, as ``--progress`` takes it.
        """
        ...


def _follow_nothing(style: str) -> AbstractContextManager[Callable[[BuildEvent], None]]:  # noqa: ARG001  (as `Follow`)
    return nullcontext(ignore_events)


def _hear_nothing(stream: int, data: bytes) -> None:
    """An `on_output` that ignores what it gets."""


def _go_on() -> bool:
    """A `stop` that never asks for the end."""
    return False


def _say_nothing(line: str) -> None:
    """A `say` that ignores what it gets."""


def cannot_ask(prompt: str, *, secret: bool) -> str:  # noqa: ARG001  (as `Ask`)
    """An `ask` where no one can answer."""
    raise EOFError(prompt)


class CommandContext(msgspec.Struct, frozen=True):
    """What a front end lends to a verb.

    Attributes:
        engine: does the work.
        prog: how the user addresses the command: ``dockmagic`` or ``%docker``.
        on_progress: gets the progress of each blob's transfer.
        say: gets notices, one line each, without a line end: where an image is read from, a wait, a warning.
        ask: asks the user for a line, as ``login`` does for a password; raises EOFError if nobody can answer.
        stdin: bytes for ``load``, ``import`` and ``--password-stdin``; None if there are none.
        stdout: takes archives (``save`` without ``-o``); None where they must go to a file.
        stdin_line: number of the line at which `stdin` begins in the user's eyes: 2 below the magic of a cell.
        follow_build: shows how a build goes.
        stop: asked now and then by what takes long; true ends it with `InterruptedError`.
        on_output: gets what programs write as it comes: 1 or 2 for the stream, and the bytes.
        kept_output: how many bytes of each stream of a program a `Ran` keeps.
        program_input: what ``run -i`` and ``exec -i`` feed to the program: bytes, or a descriptor; None for nothing.
        terminal: for programs on a terminal; None where the user has none.
        window: rows and columns of the user's terminal; None if it is not known yet.
        proxied: signals to this process that are handed to the program that is followed. The third SIGINT kills it.
        owner: process that a container which goes on must not outlive: a kernel's; None on the command line, whose
            ``run -d`` outlives it.
    """

    engine: Engine
    prog: str = "dockmagic"
    on_progress: Progress = ignore_progress
    say: Callable[[str], None] = _say_nothing
    ask: Ask = cannot_ask
    stdin: BinaryIO | None = None
    stdout: BinaryIO | None = None
    stdin_line: int = 1
    follow_build: Follow = _follow_nothing
    stop: Callable[[], bool] = _go_on
    on_output: Callable[[int, bytes], None] = _hear_nothing
    kept_output: int = 0
    program_input: int | bytes | None = None
    terminal: Terminal | None = None
    window: tuple[int, int] | None = None
    proxied: tuple[int, ...] = (signal.SIGINT,)
    owner: int | None = None
