"""Container init in namespaces of its own. Imported by the shim."""

from __future__ import annotations

import fcntl
import os
import socket
from typing import TYPE_CHECKING, Any, NoReturn

from dockmagic.linux import cgroups, idmap, kernel
from dockmagic.runtime.messages.init import InitReport

from . import process, rootfs, wire
from .container_init import FAILED, ContainerInit, child_of_shim, stdio, to_the_end

if TYPE_CHECKING:
    from .container_init import ExecCall

__all__ = ["NamespacedInit", "namespaces"]


def namespaces(spec: dict[str, Any]) -> int:
    """The namespaces that a container gets, as clone(2) takes them; `spec` may be no more than an isolation."""
    new = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWCGROUP
    new |= kernel.CLONE_NEWUSER if spec["uid_map"] else 0
    return new | (kernel.CLONE_NEWNET if spec.get("network") == "none" else 0)


class NamespacedInit(ContainerInit):
    """How the shim's children become programs in namespaces; see `ContainerInit`."""

    def __init__(self, spec: dict[str, Any], users: str) -> None:
        super().__init__(spec, users)
        self.flags = namespaces(spec)
        if users == "one":
            from . import recorder

            self.recorder = recorder.compile_filter(self.program.capabilities)

    def start(self, sync: socket.socket, ends: tuple[int, int, int]) -> NoReturn:
        """Make the mounts, then become the program."""
        spec = self.spec
        with to_the_end(sync):
            kernel.die_with_parent()
            if sync.recv(1) != b"g":
                os._exit(FAILED)
            self._rule()
            os.umask(0)
            created: list[str] = []
            rootfs.build(spec, created)
            kernel.set_hostname(spec["hostname"])
            if spec["network"] == "none":
                _loopback_up()
            program = self.program
            ours, passed = stdio(ends, _terminal() if program.tty else None, program)
            wire.tell(sync, InitReport(ready=True, created=created), passed)
            process.begin(program, self.prepare(program, ours, sync))

    def exec(self, call: ExecCall) -> NoReturn:
        """Enter the namespaces, then fork the program."""
        program, sync = call.program, call.sync
        with to_the_end(sync):
            cgroups.join(call.groups)
            own = idmap.open_own()
            if call.users >= 0:
                kernel.setns(call.users, kernel.CLONE_NEWUSER)
            kernel.setns(call.pidfd, self.flags & ~kernel.CLONE_NEWUSER)
            os.chdir("/")
            self._rule()
            ours, sent = stdio(call.ends, _terminal() if program.tty else None, program)
            wire.tell(sync, InitReport(ready=True), sent)
            environment = self.prepare(program, ours, sync, own=own, kept=(call.tells,))
            # Only now does the container see anything of us: a process with no more rights than its own programs.
            if child_of_shim(call.tells) == 0:
                os.close(call.tells)
                process.begin(program, environment)
            os._exit(0)

    def _rule(self) -> None:
        if self.spec["uid_map"]:
            idmap.become_root(several=self.users == "any")
            kernel.die_with_parent()


def _terminal() -> tuple[int, int]:
    master, slave = process.open_terminal()
    if os.path.exists("/dev/console"):
        try:
            kernel.mount(os.ttyname(slave), "/dev/console", None, kernel.MS_BIND)
        except OSError:
            pass  # a program that joined later finds it taken
    return master, slave


def _loopback_up() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(sock, 0x8914, b"lo".ljust(16, b"\0") + b"\x41\0".ljust(24, b"\0"))  # SIOCSIFFLAGS: up, running
    sock.close()
