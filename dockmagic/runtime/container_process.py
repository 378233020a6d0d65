"""The programs of a container: started, entered, held still and ended."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import Conflict

from . import hosts, pause
from .cannot_start import CannotStart
from .container_connection import ContainerConnection
from .flags import limits
from .flags.environment import program_environment
from .machine.helper import launch
from .messages.shim import ExecRequest, ShimAnswer, StartRequest
from .session import Session
from .shim import log
from .spec import ready_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .machine.helper import Child

__all__ = ["ContainerProcess"]

_NO_FILES: Mapping[str, bytes] = MappingProxyType({})
_PATIENCE = 10  # docker's


class ContainerProcess(ContainerConnection):
    """A container whose programs are started and ended, through the shim that keeps it."""

    def start(
        self,
        *,
        owner: int | None = None,
        stdin: bool = False,
        secrets: Sequence[str] = (),
        secret_files: Mapping[str, bytes] = _NO_FILES,
        window: tuple[int, int] | None = None,
    ) -> Session:
        """Start the program. The session that comes back is to be followed or closed.

        Args:
            owner: process that the container must not outlive; None for nobody.
            stdin: whether the session feeds its input; without, an open input stays open for who attaches.
            secrets: further variables, ``NAME=VALUE``, that are written nowhere.
            secret_files: what the mounts of type ``secret`` hold, by their targets; written nowhere either.
            window: rows and columns of its terminal; None for 40 and 120 until `Session.resize`.

        Raises:
            Conflict: it runs already.
            CannotStart: the program is not there, or the machine does not let it run.
        """
        self.check()
        status = self.state.status
        if status == "paused":
            raise Conflict("cannot start a paused container, try unpause instead", hint=f"Type `unpause {self.name}`")
        if status == "running":
            raise Conflict(
                f"the container {self.name} is running already",
                hint="Look at it with `logs {self.name}` or `attach {self.name}`",
            )
        ready_sources(self.record)
        hosts.write_files(self.folder, self.record)
        (self.folder / "paused").unlink(missing_ok=True)
        spec = self.spec()
        # Opened before it runs: one that goes when it ends may be gone before we look.
        log_file = os.open(self.folder / "log", os.O_RDONLY | os.O_CLOEXEC) if self.record.keep_log else -1
        with (self.folder / "shim.log").open("ab") as errors:
            connection, child = launch("runtime.shim.main", errors=errors)
        spec["process"]["env"] += secrets
        spec["process"]["window"] = window
        if owner is not None:
            spec["owner"] = owner
        with _in_memory(spec["mounts"], secret_files) as content:
            answer, passed = connection.ask(StartRequest(spec=spec, stdin=stdin), ShimAnswer, content)
        if answer is None or answer.error is not None:
            child.wait()
            connection.close()
            if log_file >= 0:
                os.close(log_file)
            if answer is None:
                raise CannotStart("its keeper ended at once", exit_code=125)
            raise CannotStart(answer.error or "", exit_code=answer.code)
        _adopt(child)
        if not self.record.keep_log:
            out, errors_out, *into = passed
            pipes = {out: log.STDOUT, errors_out: log.STDERR}
            return Session(connection, pipes=pipes, into=into[0] if into else -1)
        return self._session(connection, log_file, answer.offset or 0, passed)

    def stop(self, timeout: float | None = None, *, number: int = 0) -> None:
        """Ask the program to end; if it does not, it is killed.

        Args:
            timeout: seconds to wait for it; None for what was said at its creation, negative for ever.
            number: the signal that asks; 0 for its stop signal.
        """
        if not self.is_running:
            return
        patience = next(one for one in (timeout, self.record.stop_timeout, _PATIENCE) if one is not None)
        with contextlib.suppress(Conflict):
            self.unpause()
            self.kill(number or self.record.stop_signal)
            if self.wait(patience if patience >= 0 else None) is None:
                self.kill(signal.SIGKILL)
                self.wait()

    def restart(self, timeout: float | None = None, *, owner: int | None = None) -> Session:
        """Stop it, if it runs, and start it again; see `stop` and `start`."""
        self.stop(timeout)
        return self.start(owner=owner)

    def pause(self) -> None:
        """Hold all of its processes still, until `unpause`.

        Raises:
            Conflict: it does not run, or is paused already.
        """
        state = self.state
        if state.status != "running":
            what = "is already paused" if state.status == "paused" else "is not running"
            raise Conflict(f"Container {self.name} {what}", hint="See what runs: `ps`")
        pause.hold(state.pid)
        (self.folder / "paused").touch()

    def unpause(self) -> bool:
        """Let it go on; whether it was paused."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "paused").unlink()
            pause.let_go(self.state.pid)
            return True
        return False

    def exec(
        self,
        argv: str | Sequence[str],
        *,
        env: Sequence[str] = (),
        cwd: str = "",
        user: str = "",
        tty: bool = False,
        stdin: bool = False,
        detach: bool = False,
        window: tuple[int, int] | None = None,
    ) -> Session:
        """Run one more program in the container.

        Args:
            argv: the program and its arguments; a text is split as a shell splits words.
            env: over the container's, ``NAME=VALUE``; a name alone takes a variable away.
            cwd: empty for the container's.
            user: empty for the container's.
            tty: give it a terminal.
            stdin: whether the session feeds its input.
            detach: nobody hears what it writes, and it goes on when the session is closed.
            window: as `start`.

        Raises:
            Conflict: it does not run.
            CannotStart: no such program, folder or user.
        """
        self.check()
        record = self.record
        request = ExecRequest(
            argv=shlex.split(argv) if isinstance(argv, str) else list(argv),
            env=list(program_environment(record.config.env or (), env, record.hostname, tty=tty)),
            cwd=cwd or record.cwd,
            user=user or record.user,
            groups=list(record.groups),
            tty=tty,
            detach=detach,
            window=list(window) if window else None,
            capabilities=record.capabilities,
            no_new_privs=record.no_new_privs,
            rlimits=[list(limit) for limit in limits.hold(record.limits, self.isolation).rlimits],
        )
        connection = self._connect()
        theirs: list[int] = []
        pipes: dict[int, int] = {}
        into = -1
        if not tty:
            if stdin:
                taken, into = os.pipe()
            else:
                taken = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            theirs.append(taken)
            for stream in (log.STDOUT, log.STDERR):
                if detach:
                    theirs.append(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
                    continue
                out, given = os.pipe()
                pipes[out] = stream
                theirs.append(given)
        answer, passed = connection.ask(request, ShimAnswer, theirs)
        for descriptor in theirs:
            os.close(descriptor)
        if answer is None or answer.error is not None:
            for descriptor in (*pipes, *((into,) if into >= 0 else ())):
                os.close(descriptor)
            connection.close()
            if answer is None:
                raise CannotStart("the container has ended", exit_code=125)
            raise CannotStart(answer.error or "", exit_code=answer.code)
        if passed:
            master = passed[0]
            return Session(connection, pipes={master: log.STDOUT}, into=os.dup(master), terminal=True)
        return Session(connection, pipes=pipes, into=into)


@contextlib.contextmanager
def _in_memory(mounts: list[dict[str, Any]], files: Mapping[str, bytes]) -> Iterator[tuple[int, ...]]:
    """The contents of secrets in one file of memory, each mount with its part of it; the file's descriptor, if any."""
    if not files:
        yield ()
        return
    with os.fdopen(os.memfd_create("secrets", os.MFD_CLOEXEC), "wb", buffering=0) as file:
        for mount in mounts:
            if mount["type"] == "secret":
                data = files[mount["target"]]
                mount |= {"offset": file.tell(), "size": len(data)}
                file.write(data)
        yield (file.fileno(),)


def _adopt(child: Child) -> None:
    """Let a shim live on without a warning that it does, and reap it when it ends."""
    import threading

    threading.Thread(target=child.wait, name="dockmagic-shim", daemon=True).start()
