"""The ``dockmagic`` command: docker's command line without a daemon."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

from .oci.errors import TRACEBACK
from .oci.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from dockmagic.builder.outcome.events import BuildEvent

    from .commands.cmdline.result import Result
    from .terminal import TransferProgress

__all__ = ["main"]

_INTERRUPTED = 128 + signal.SIGINT
# Objects that come before Python looks for cycles among them: a command makes classes and functions, which stay.
_GARBAGE = 50_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the result goes to standard output, all else to standard error.

    Args:
        argv: without the program's name; None for this process's, which is ours alone then.

    Returns:
        The exit code: 0, that of the program in the container, docker's for an error (mostly 1; 125 for a flag that is
        not known), 130 after Ctrl-C, 128 and its number after another signal.
    """
    if argv is not None:
        return _answer(argv)
    code = 1

    def leave() -> None:
        """End at once: Python would take every object apart first, which takes as long as a small command."""
        with contextlib.suppress(OSError):  # it is told already, and there is nobody left to tell
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)

    from .terminal.standard import open_standard

    open_standard()
    gc.set_threshold(_GARBAGE)
    atexit.register(leave)  # what is registered first is called last
    code = _answer(sys.argv[1:])
    return code


def _answer(argv: Sequence[str]) -> int:
    try:
        return _run(list(argv))
    except KeyboardInterrupt:
        _say("interrupted: what has arrived is kept")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone, as head does. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:  # noqa: BLE001  (no traceback reaches the user)
        return _fail(error)


def _run(argv: list[str]) -> int:
    from .commands.cmdline.context import CommandContext
    from .commands.cmdline.invoke import invoke
    from .engine import Engine
    from .terminal import PROXIED, Conversation, Ended, TerminalOutput, TransferProgress, ask, standard_input, window_of

    with Engine(on_notice=_say) as engine, TransferProgress(sys.stderr) as progress:
        source, output = standard_input(), TerminalOutput(progress.close)
        terminal = source if source is not None and os.isatty(source) else None
        ctx = CommandContext(
            engine,
            on_progress=progress,
            say=progress.say,
            ask=ask,
            stdin=None if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer,
            stdout=None if sys.stdout.isatty() else sys.stdout.buffer,
            follow_build=_follow_build,
            on_output=output,
            program_input=source,
            terminal=None if terminal is None else Conversation(terminal, output),
            window=None if terminal is None else window_of(terminal),
            proxied=PROXIED,
        )
        try:
            result = invoke(ctx, argv)
        except Ended as ending:
            return 128 + ending.number
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  (no traceback reaches the user)
            return _fail(error, progress)
        progress.close()
        return _print(result)


def _fail(error: Exception, progress: TransferProgress | None = None) -> int:
    """Say what went wrong, in a line that says what to do; the exit code."""
    from .commands.cmdline.usage_error import UsageMistake
    from .commands.output.build_failure import failure_story, named

    if isinstance(error, UsageMistake):
        _say(f"dockmagic: {error}\n\nUsage:  {error.usage}")
        return error.exit_code
    if progress is not None:
        progress.close()
    failure = named(error)
    if failure is not error and os.environ.get(TRACEBACK):
        import traceback

        _say("".join(traceback.format_exception(error)))
    _say("\n".join(filter(None, (failure_story(failure), f"Error: {failure}"))))
    return failure.exit_code


def _print(result: Result) -> int:
    from .commands.cmdline.result import Ran, Serving
    from .commands.output.print_result import printed

    output = printed(result)
    if isinstance(output, bytes):
        sys.stdout.flush()
        if sys.stdout.isatty():
            output = printable(output.decode("utf-8", "surrogateescape")).encode()
        sys.stdout.buffer.write(output)
    elif output:
        # Names of files need not be text in any encoding: who reads a pipe gets their bytes as they are.
        text = printable(output, keep_bytes=not sys.stdout.isatty())
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
    if isinstance(result, Serving):
        result.server.wait()
    if isinstance(result, Ran):
        return result.exit_code or 0
    errors = getattr(result, "errors", ())
    for error in errors:
        _say(f"Error: {error}")
    return 1 if errors else getattr(result, "exit_code", 0)


def _follow_build(style: str) -> AbstractContextManager[Callable[[BuildEvent], None]]:
    from .terminal.build import followed_build  # of all commands, one builds

    return followed_build(sys.stderr, style)


def _say(line: str) -> None:
    sys.stderr.write(f"{printable(line)}\n")
    sys.stderr.flush()
