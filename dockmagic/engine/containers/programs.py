"""Programs of containers that run: entered and listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.engine.options import convert

from .lookup import ContainerLookup
from .running import followed_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import PurePath

    from dockmagic.rows import ProcessRow, Rows
    from dockmagic.runtime.completed import Completed
    from dockmagic.runtime.container import Container


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
