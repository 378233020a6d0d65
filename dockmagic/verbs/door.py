"""What a verb is called with: the door that the user came in by."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.engine import Engine
    from dockmagic.oci.protocols import Progress

__all__ = ["Ask", "Door"]


class Ask(Protocol):
    """Asks the user for one line."""

    def __call__(self, prompt: str, *, secret: bool) -> str:
        """The answer to `prompt`; a `secret` one is not shown while it is typed."""
        ...


def _say_nothing(line: str) -> None:
    """A `say` for those who do not want to hear."""


def _cannot_ask(prompt: str, *, secret: bool) -> str:  # noqa: ARG001  (as `Ask`)
    raise EOFError(prompt)


class Door(msgspec.Struct, frozen=True):
    """What a front door lends to a verb.

    Attributes:
        engine: does the work.
        prog: how the user addresses the command: ``dockmagic`` or ``%docker``.
        on_progress: hears of each blob's transfer.
        say: hears notices, one line each, without a line end: where an image is read from, a wait, a warning.
        ask: asks the user for a line, as ``login`` does for a password; raises EOFError if nobody can answer.
        stdin: bytes for ``load``, ``import`` and ``--password-stdin``; None if there are none.
        stdout: takes archives (``save`` without ``-o``); None where they must go to a file.
    """

    engine: Engine
    prog: str = "dockmagic"
    on_progress: Progress = ignore_progress
    say: Callable[[str], None] = _say_nothing
    ask: Ask = _cannot_ask
    stdin: BinaryIO | None = None
    stdout: BinaryIO | None = None
