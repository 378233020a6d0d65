"""What a program that ran in a container leaves in a notebook: its output and exit code, or an error that has them."""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dockmagic.runtime.completed import CommandFailed, Completed

from .output import TextValue

if TYPE_CHECKING:
    import pandas as pd

    from dockmagic.commands.cmdline.invocation import Invocation
    from dockmagic.commands.cmdline.result import Ran
    from dockmagic.notebook.programs.streams import OutputCapture

__all__ = ["CellCompleted", "completed"]


class CellCompleted(TextValue, Completed):
    """What `Completed` is in a cell. Its output has been shown as it came, so the end of a cell shows nothing more.

    Attributes:
        args: the command line after ``docker``.
        exit_code: of the program.
    """

    def __init__(self, call: Invocation, exit_code: int, streams: OutputCapture) -> None:
        self.args = call.words
        self._verb = call.name
        self.exit_code = exit_code
        self._streams = streams

    def __repr__(self) -> str:
        return f"<{self._verb}: exit code {self.exit_code}>"

    def _ipython_display_(self) -> None:
        """Show nothing."""

    @cached_property
    def stdout(self) -> bytes:  # type: ignore[override]  # read when it is wanted
        """All that it wrote to standard output; with ``-t`` all that it wrote."""
        return self._streams.read(1)

    @cached_property
    def stderr(self) -> bytes:  # type: ignore[override]  # likewise
        """All that it wrote to standard error."""
        return self._streams.read(2)

    @property
    def data(self) -> bytes:  # type: ignore[override]  # computed when it is wanted
        """The same as `stdout`."""
        return self.stdout

    @cached_property
    def text(self) -> str:  # type: ignore[override]  # likewise
        """Standard output as text, without a line end at its end."""
        return self.stdout.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")

    def frame(self, **options: Any) -> pd.DataFrame:
        """Standard output as a DataFrame: JSON documents by their members, else the lines.

        Args:
            options: for `pandas.read_csv`, such as ``sep=","``; with one of them the output is read as such a table.
        """
        import pandas as pd

        if options:
            return pd.read_csv(io.BytesIO(self.stdout), **options)
        try:
            return pd.json_normalize(self.json())
        except (ValueError, NotImplementedError):
            return pd.DataFrame({"Line": pd.Series(self.text.splitlines(), dtype="str")})


def completed(call: Invocation, ran: Ran, streams: OutputCapture, *, check: bool) -> Any:
    """The value of a cell whose command ran a program.

    Args:
        call: of the command.
        ran: what came of it.
        streams: what the program wrote.
        check: whether an exit code other than 0 is an error.

    Returns:
        The container, if the program goes on (``run -d``).

    Raises:
        CommandFailed: it is one.
    """
    if ran.exit_code is None:
        return ran.container
    result = CellCompleted(call, ran.exit_code, streams)
    if check and ran.exit_code:
        raise CommandFailed(result, hint="With --check=false that is no error; --into NAME keeps the result either way")
    return result
