"""What a Dockerfile may ask for and dockmagic does not do, refused by name, all in this one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .instructions import Instruction

__all__ = ["refuse"]


def refuse(instruction: Instruction) -> None:
    """Refuse what cannot be honoured: ``RUN --mount=type=ssh``, ``--security=insecure``, ``--device``.

    Raises:
        NotSupported: the flag, its line, and what to do instead.
    """
    raise NotImplementedError
