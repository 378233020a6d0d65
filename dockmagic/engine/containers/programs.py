"""Programs of a container: executed, attached, listed, and their logs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dockmagic.engine.options import convert
from dockmagic.oci.errors import Conflict

from .log_lines import log_lines
from .lookup import ContainerLookup
from .running import followed_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import PurePath

    from dockmagic.rows import ProcessRow, Rows
    from dockmagic.runtime.completed import Completed
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.session import Session

    from .log_lines import LogLine


__all__ = ["ContainerPrograms"]


class ContainerPrograms(ContainerLookup):
    """The calls on programs of a running container."""

    def execute(
        self,
        container: Container,
        command: str | Sequence[str],
        *,
        env: Mapping[str, Any] | Sequence[str] = (),
        workdir: str | PurePath = "",
        user: str | int = "",
        check: bool = False,
        input: bytes | str | None = None,  # noqa: A002  (as in subprocess.run)
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
    ) -> Completed:
        """Run one more program in a running container, and wait for its end (``exec``).

        Args:
            container: that runs.
            command: a list, or a text that is split as a shell splits words.
            env: over the container's: a mapping, or texts ``NAME=VALUE``.
            workdir: empty for the container's.
            user: empty for the container's.
            check: raise `CommandFailed` if the exit code is not 0.
            input: what the program reads; a text is encoded as UTF-8.
            timeout: seconds until the program is killed; None for no limit.
            on_output: gets 1 or 2 for the stream, and the bytes, as they are written.

        Raises:
            Conflict: the container does not run.
            CannotStart: no such program, folder or user.
            CommandFailed: the exit code is not 0, and `check` is set.
            TimeExceeded: the program was killed after `timeout` seconds.
        """
        from dockmagic.engine.options.environment import env as read_env

        from .running import complete

        argv = convert.argv("command", command)
        fed = followed_input(input, check=check, timeout=timeout, on_output=on_output)
        session = container.exec(
            argv,
            env=read_env("env", env),
            cwd=convert.path("workdir", workdir),
            user=convert.identity("user", user),
            stdin=fed is not None,
        )
        done = complete(session, argv, stdin=fed, timeout=timeout, on_output=on_output)
        return done.check() if check else done

    def attach(self, container: Container, *, stdin: bool = True) -> Session:
        """Follow a running program from now on, and feed its input if it has one (``attach``).

        Args:
            container: that runs.
            stdin: whether the session feeds its input.

        Raises:
            Conflict: it does not run, or is paused.
            NotSupported: only who started it gets its output.
        """
        status, name = container.state.status, container.name
        if status == "paused":
            raise Conflict("You cannot attach to a paused container, unpause it first", hint=f"Type `unpause {name}`")
        if status != "running":
            raise Conflict(
                "You cannot attach to a stopped container, start it first", hint=f"Start it: `start -a {name}`"
            )
        return container.attach(stdin=stdin and container.record.open_stdin)

    def start_attached(
        self, container: Container, *, stdin: bool = False, window: tuple[int, int] | None = None
    ) -> Session:
        """Start a container that must not outlive this process, or follow one that runs (``start -a``).

        Args:
            container: to start.
            stdin: whether the session feeds its input.
            window: rows and columns of its terminal; None for the default.

        Raises:
            Conflict: it is paused.
            CannotStart: the program is not there, or cannot be executed.
        """
        fed = stdin and container.record.open_stdin
        if container.state.status == "running":
            return container.attach(stdin=fed)
        return container.start(owner=os.getpid(), stdin=fed, window=window)

    def log_lines(
        self,
        container: Container,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[LogLine]:
        """What a container has written, line by line, of all its runs (``logs``).

        Args:
            container: running or not.
            follow: go on with what it writes until it ends.
            tail: only so many lines from the end; None for all.
            since: only lines of that time or later; an aware datetime.
            until: only lines of that time or earlier.
        """
        return log_lines(container, follow=follow, tail=tail, since=since, until=until)

    def processes(self, container: Container) -> Rows[ProcessRow]:
        """The processes of a running container (``top``).

        Raises:
            Conflict: it does not run.
        """
        from dockmagic.rows import ProcessRow, Rows

        from .processes import processes

        return Rows(ProcessRow, processes(container))

    def ps_output(self, container: Container, options: Sequence[str]) -> str:
        """What ps(1) with these options says of the processes of a running container (``top test -o pid,args``).

        Raises:
            Conflict: it does not run.
            InvalidInput: ps does not take the options, or its output has no column PID.
            NotSupported: there is no ps on this machine.
        """
        from .processes import ps_output

        return ps_output(container, options)
