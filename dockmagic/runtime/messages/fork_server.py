"""What a fork server is asked, and what it answers."""

from __future__ import annotations

from .message import Message

__all__ = ["ForkRequest", "Forked"]


class ForkRequest(Message):
    """Fork a helper, whose connection and standard error come beside it; or import what will be wanted soon.

    Attributes:
        module: the helper's, below ``dockmagic``; empty to fork nothing.
        preload: modules to import as soon as nothing else is to do; None for none.
    """

    module: str = ""
    preload: list[str] | None = None


class Forked(Message):
    """A helper was forked.

    Attributes:
        pid: of the helper.
    """

    pid: int
