"""The error for a command line that cannot be understood."""

from __future__ import annotations

from dockmagic.oci.errors import InvalidInput

__all__ = ["UsageMistake"]


class UsageMistake(InvalidInput):
    """A verb, flag or number of arguments that is not known.

    Attributes:
        usage: how the command is used, without ``Usage:``.
        help_command: what shows more.
        exit_code: docker's: 125 for flags, 1 for arguments and verbs.
    """

    def __init__(self, message: str, *, usage: str, help_command: str, hint: str = "", exit_code: int = 125) -> None:
        super().__init__(message, hint=hint or f"See {help_command}")
        self.usage = usage
        self.help_command = help_command
        self.exit_code = exit_code
