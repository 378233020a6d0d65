"""The error of a program that could not be started."""

from __future__ import annotations

from dockmagic.oci.errors import DockmagicError

__all__ = ["CannotStart"]


class CannotStart(DockmagicError):
    """The container's program could not be started; `exit_code` is 127, 126 or 125."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = 125) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
