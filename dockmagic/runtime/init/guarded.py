"""Container init without namespaces: a guard process keeps the program and its children together.

Imported by the shim.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from dockmagic.linux import cgroups, kernel
from dockmagic.runtime.messages.init import InitReport

from . import confined, guard, process, secretfiles, wire
from .container_init import FAILED, ContainerInit, child_of_shim, stdio, to_the_end

if TYPE_CHECKING:
    import socket

    from dockmagic.runtime.messages.process_spec import ProcessSpec

    from .container_init import ExecCall

__all__ = ["GuardedInit", "RootfsEntry"]


class RootfsEntry(Protocol):
    """How a program gets into the root file system of its container.

    Attributes:
        users: whom a program may become, as `process.prepare` takes it.
        traced: whether the program that is started traces the container's.
        secrets_on_disk: whether secrets are files in the root file system while a program runs.
    """

    users: str
    traced: bool
    secrets_on_disk: bool

    def furnish(self, spec: dict[str, Any]) -> None:
        """Put devices and generated files into the root file system."""
        ...

    def enter(self, spec: dict[str, Any], what: ProcessSpec, code: bytes) -> tuple[ProcessSpec, bytes]:
        """Go in, as far as this process can; what to run, and under which seccomp filter, of which `code` is docker's.

        Raises:
            Refusal: there is no such program, folder or user.
        """
        ...


class GuardedInit(ContainerInit):
    """How the shim's children become programs without namespaces; see `ContainerInit`.

    Args:
        spec: of the container.
        entry: into its root file system.
    """

    def __init__(self, spec: dict[str, Any], entry: RootfsEntry) -> None:
        super().__init__(spec, entry.users)
        self._entry = entry
        self._secrets: secretfiles.SecretFiles | None = None

    def ready(self) -> None:
        """Adopt what loses its parent, and make the places of secrets."""
        kernel.adopt_orphans()
        if self._entry.secrets_on_disk:
            self._secrets = secretfiles.SecretFiles(self.spec)

    def start(self, sync: socket.socket, ends: tuple[int, int, int]) -> NoReturn:
        """Furnish the root file system, then guard the program."""
        with to_the_end(sync):
            kernel.die_with_parent()
            if sync.recv(1) != b"g":
                os._exit(FAILED)
            self._entry.furnish(self.spec)
            self._guarded(self.program, ends, sync, self._secrets)

    def exec(self, call: ExecCall) -> NoReturn:
        """Fork a guard with its program."""
        with to_the_end(call.sync):
            cgroups.join(call.groups)
            if child_of_shim(call.tells) == 0:
                self._guarded(call.program, call.ends, call.sync)
            os._exit(0)

    def end(self, processes: int, kept: frozenset[int]) -> None:
        """End all that the program has left."""
        guard.end_children(processes, kept)
        if self._secrets is not None:
            self._secrets.take_away()

    def _guarded(
        self,
        what: ProcessSpec,
        ends: tuple[int, int, int],
        sync: socket.socket,
        secrets: secretfiles.SecretFiles | None = None,
    ) -> NoReturn:
        """Fork the program, and stay as what keeps it and its children together."""
        processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        ours, passed = stdio(ends, confined.open_terminal(self.spec) if what.tty else None, what)

        def program() -> NoReturn:
            with to_the_end(sync):
                ready, self.code = self._entry.enter(self.spec, what, self.code)
                wire.tell(sync, InitReport(ready=True), passed)
                process.begin(ready, self.prepare(ready, ours, sync))

        def settle() -> None:
            # The program's pipes and the way to the shim are not to be held open by anybody else.
            low = 3
            for kept in sorted((processes, *(secrets.descriptors if secrets else ()))):
                os.closerange(low, kept)
                low = kept + 1
            os.closerange(low, 1 << 16)

        guard.guard(
            processes,
            program,
            settle,
            before=secrets.fill if secrets else _nothing,
            after=secrets.wipe if secrets else _nothing,
            traced=self._entry.traced,
        )


def _nothing() -> None:
    """Neither before the program nor after it."""
