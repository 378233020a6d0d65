"""What a forked child of the shim tells it on its way to becoming a program."""

from __future__ import annotations

from .message import Message

__all__ = ["InitReport"]


class InitReport(Message):
    """How far a program's start has come. When nothing more is told and the socket closes, the program runs.

    Attributes:
        ready: its root file system is there; the master of its terminal comes beside it, if it has one.
        created: targets of mounts that were made for this container, to be taken out of its changes; None for none.
        user: number of its user and group, where the owners of files are recorded.
        listens: the listener of its filter comes beside it.
        error: why it does not start; empty if nothing is wrong.
        code: exit code for that.
    """

    ready: bool = False
    created: list[str] | None = None
    user: list[int] | None = None
    listens: bool = False
    error: str = ""
    code: int = 125
