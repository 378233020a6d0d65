"""What the two kinds of container init have in common. Imported by the shim."""

from __future__ import annotations

import base64
import contextlib
import os
from typing import TYPE_CHECKING, Any, NoReturn

from dockmagic.linux import kernel
from dockmagic.runtime.messages.init import InitReport
from dockmagic.runtime.messages.process_spec import ProcessSpec

from . import process, wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

__all__ = ["FAILED", "ContainerInit", "ExecCall", "child_of_shim", "stdio", "to_the_end"]

FAILED = 125


class ExecCall:
    """A call for one more program inside a running container.

    Attributes:
        program: is to be run.
        sync: to the shim.
        tells: descriptor that takes the program's pid.
        ends: of the program's three descriptors; -1 each for a terminal.
        pidfd: of the container's first process.
        users: descriptor of its user namespace; -1 for none.
        groups: folders of its cgroups.
    """

    __slots__ = ("ends", "groups", "pidfd", "program", "sync", "tells", "users")

    def __init__(
        self,
        program: ProcessSpec,
        *,
        sync: socket.socket,
        tells: int,
        ends: tuple[int, int, int],
        pidfd: int,
        users: int,
        groups: list[str],
    ) -> None:
        self.program = program
        self.sync = sync
        self.tells = tells
        self.ends = ends
        self.pidfd = pidfd
        self.users = users
        self.groups = groups


class ContainerInit:
    """How the shim's children become the programs of one container.

    Args:
        spec: of the container.
        users: whom a program may become, as `process.prepare` takes it.

    Attributes:
        program: the container's first.
        flags: the namespaces that the container gets, as clone(2) takes them.
    """

    flags = 0

    def __init__(self, spec: dict[str, Any], users: str) -> None:
        self.spec = spec
        self.users = users
        self.program = ProcessSpec.of(spec["process"])
        self.code = base64.b64decode(spec["filter"])
        self.recorder = b""

    def ready(self) -> None:
        """Do in the shim what must be done before the first fork.

        Raises:
            OSError: the kernel says no.
            ValueError: the image has something in the way.
        """

    def start(self, sync: socket.socket, ends: tuple[int, int, int]) -> NoReturn:
        """Be the container's first process, from its fork to its program.

        Args:
            sync: to the shim.
            ends: of the program's three descriptors; -1 for none.
        """
        raise NotImplementedError

    def exec(self, call: ExecCall) -> NoReturn:
        """Be one more program inside the running container."""
        raise NotImplementedError

    def end(self, processes: int, kept: frozenset[int]) -> None:
        """Do in the shim, when the first process has ended, what the end of a pid namespace does by itself.

        Args:
            processes: descriptor of /proc.
            kept: children of the shim that live on.
        """

    def prepare(
        self,
        program: ProcessSpec,
        stdio: tuple[int, int, int],
        sync: socket.socket,
        *,
        own: int = -1,
        kept: tuple[int, ...] = (),
    ) -> dict[str, str]:
        """See `process.prepare`."""

        def tell(report: InitReport, passed: tuple[int, ...]) -> None:
            wire.tell(sync, report, passed)

        return process.prepare(
            program,
            stdio,
            users=self.users,
            code=self.code,
            recorder=self.recorder,
            own=own,
            kept=(sync.fileno(), *kept),
            tell=tell,
        )


def child_of_shim(tells: int) -> int:
    """Fork a process whose parent is the shim, which waits for it; its pid is told, and returned but to itself."""
    pid = kernel.clone(kernel.CLONE_PARENT)
    if pid:
        os.write(tells, str(pid).encode())
    return pid


@contextlib.contextmanager
def to_the_end(sync: socket.socket) -> Iterator[None]:
    """A process that does not outlive this block: what goes wrong in it is told to the shim."""
    try:
        yield
    except process.Refusal as error:
        wire.tell(sync, InitReport(error=str(error), code=error.code))
    except Exception as error:  # noqa: BLE001  (nobody else would hear of it)
        wire.tell(sync, InitReport(error=str(error) or type(error).__name__, code=FAILED))
    finally:
        os._exit(FAILED)


def stdio(
    ends: tuple[int, ...], terminal: tuple[int, int] | None, program: ProcessSpec
) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """The program's three descriptors, and the terminal's master to hand out if it has one."""
    if terminal is not None:
        master, slave = terminal
        if program.window:
            process.resize(master, *program.window)
        return (slave, slave, slave), (master,)
    return (ends[0], ends[1], ends[2]), ()
