"""A program that has ended in a container: its output and its exit code."""

from __future__ import annotations

import json
from typing import Any, Final

from dockmagic.oci.errors import DockmagicError
from dockmagic.oci.signals import signal_name

__all__ = ["CommandFailed", "Completed", "TimeExceeded"]

#: Shells add a signal's number to it.
_KILLED: Final = 128


class Completed:
    """A program that has ended.

    Attributes:
        args: the program and its arguments.
        exit_code: of the program; 128 and the number of the signal that ended it.
        stdout: all bytes that it wrote to standard output; with a terminal, all that it wrote.
        stderr: all bytes that it wrote to standard error.
    """

    def __init__(self, args: tuple[str, ...], exit_code: int, stdout: bytes, stderr: bytes) -> None:
        self.args = args
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self) -> str:
        return f"<Completed {' '.join(self.args[:1])}: exit code {self.exit_code}>"

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """Standard output as text (UTF-8, with a replacement character for what is none), without its last line end."""
        return self.stdout.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    def json(self) -> Any:
        """Standard output read as JSON.

        Raises:
            ValueError: it is no JSON.
        """
        return json.loads(self.stdout)

    def check(self) -> Completed:
        """This object, if the exit code is 0.

        Raises:
            CommandFailed: it is another one.
        """
        if self.exit_code:
            raise CommandFailed(self, hint="Leave out check=True to get the output and the exit code instead")
        return self


class CommandFailed(DockmagicError):
    """A program in a container ended with another exit code than 0.

    Attributes:
        result: its output and exit code.
        exit_code: of the program.
    """

    def __init__(self, result: Any, *, hint: str = "") -> None:
        super().__init__(f"the program ended with {_words(result.exit_code)}", hint=hint)
        self.result = result
        self.exit_code = result.exit_code


class TimeExceeded(DockmagicError, TimeoutError):
    """A program did not end in time, and was killed.

    Attributes:
        result: what it wrote until then.
    """

    def __init__(self, result: Completed, seconds: float) -> None:
        super().__init__(
            f"the program did not end within {seconds:g} seconds, and was killed", hint="Give it more with timeout=…"
        )
        self.result = result


def _words(exit_code: int) -> str:
    name = signal_name(exit_code - _KILLED)
    return f"exit code {exit_code} ({name})" if name.startswith("SIG") else f"exit code {exit_code}"
