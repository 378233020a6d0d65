"""An error in a cell is one line that says what to do next; ``%xmode Verbose`` shows all of it.

The rendering is put on the instance, and by the magic that lets it out: who calls the engine from Python gets a plain
exception with its traceback. The cell fails either way, so that a notebook run as a test fails too.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dockmagic.notebook.text import PROG, printable
from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["in_one_line", "one_line"]

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"
_INTERRUPTED = "Interrupted: the store is whole and what has arrived is kept. Run the cell again to go on."


def one_line(error: BaseException, line: str, shell: InteractiveShell, *, above: str = "") -> None:
    """Let IPython show `line` for `error`, and its traceback only in verbose mode.

    Args:
        error: to be raised.
        line: what is wrong.
        shell: that shows it.
        above: what stands over it, such as the lines of a Dockerfile.
    """

    def render() -> list[str]:
        if shell.InteractiveTB.mode == "Verbose":
            return list(shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__))
        return [*([above] if above else []), f"{_RED}{type(error).__name__}{_PLAIN}: {_without_kind(error, line)}"]

    error._render_traceback_ = render  # type: ignore[attr-defined]  # what IPython asks an exception for


def _without_kind(error: BaseException, line: str) -> str:
    """A line that begins with the kind of its error, as docker's do ("conflict: unable to …"), without it."""
    kind, colon, rest = line.partition(": ")
    return rest if colon and kind.replace(" ", "").lower() == type(error).__name__.lower() else line


@contextmanager
def in_one_line(shell: InteractiveShell) -> Iterator[None]:
    """Errors and an interrupt leave the block with their rendering; the unexpected as an `InternalError`."""
    try:
        yield
    except DockmagicError as error:
        from dockmagic.commands.output.build_failure import failure_story

        one_line(error, error.told(PROG), shell, above=printable(failure_story(error)))
        raise
    except KeyboardInterrupt as error:
        one_line(error, _INTERRUPTED, shell)
        raise
    except Exception as error:
        from dockmagic.commands.output.build_failure import named

        failure = named(error)
        one_line(failure, failure.told(PROG), shell)
        raise failure from error
