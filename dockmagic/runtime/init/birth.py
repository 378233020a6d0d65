"""How the shim's children become a container's programs: the first one, and those of ``exec``. Imported by the shim."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import socket
from typing import TYPE_CHECKING, Any, NoReturn

from dockmagic.linux import cgroups, idmap, kernel

from . import confined, guard, process, recorder, rootfs, wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .secretfiles import SecretFiles

__all__ = ["Birth", "flags"]

_FAILED = 125


def flags(spec: dict[str, Any]) -> int:
    """The namespaces that a container gets, as clone(2) takes them."""
    if not spec["namespaces"]:
        return 0
    new = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWCGROUP
    new |= kernel.CLONE_NEWUSER if spec["uid_map"] else 0
    return new | (kernel.CLONE_NEWNET if spec["network"] == "none" else 0)


class Birth:
    """What all programs of a container have in common.

    Args:
        spec: of the container.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.secrets: SecretFiles | None = None  # where they must be files on the disk
        self.code = base64.b64decode(spec["filter"])
        # Whom a program may become: anybody, one user under any number, or nobody else.
        self.users = "one" if spec["uid_map"] else "none"
        self.users = "any" if spec["keeps_owners"] else self.users
        one = self.users == "one"
        self.recorder = recorder.compile_filter(spec["process"]["capabilities"]) if one else b""

    def first(self, sync: socket.socket, ends: tuple[int, int, int]) -> NoReturn:
        """Be the container's first process, from its birth in new namespaces to its program.

        Args:
            sync: to the shim.
            ends: of the program's three descriptors; -1 for none.
        """
        spec = self.spec
        with _to_the_end(sync):
            kernel.die_with_parent()
            if sync.recv(1) != b"g":
                os._exit(_FAILED)
            if not spec["namespaces"]:
                confined.furnish(spec)
                self._guarded(spec["process"], ends, sync, self.secrets)
            self._rule()
            os.umask(0)
            created: list[str] = []
            rootfs.build(spec, created)
            kernel.set_hostname(spec["hostname"])
            if spec["network"] == "none":
                _loopback_up()
            stdio, passed = _stdio(ends, _terminal() if spec["process"]["tty"] else None, spec["process"])
            wire.tell(sync, {"ready": True, "created": created}, passed)
            process.begin(spec["process"], self._prepare(spec["process"], stdio, sync))

    def further(
        self,
        what: dict[str, Any],
        sync: socket.socket,
        tells: int,
        passed: list[int],
        *,
        pidfd: int,
        users: int,
        groups: list[str],
    ) -> NoReturn:
        """Be one more program inside the running container.

        Args:
            what: is to be run.
            sync: to the shim.
            tells: descriptor that takes the program's pid.
            passed: the program's three descriptors; none for a terminal.
            pidfd: of the container's first process.
            users: descriptor of its user namespace; -1 for none.
            groups: folders of its cgroups.
        """
        spec = self.spec
        ends = tuple(passed) if passed else (-1, -1, -1)
        with _to_the_end(sync):
            cgroups.join(groups)
            if not spec["namespaces"]:
                if _child_of_shim(tells) == 0:
                    self._guarded(what, ends, sync)
                os._exit(0)
            own = idmap.open_own()
            if users >= 0:
                kernel.setns(users, kernel.CLONE_NEWUSER)
            kernel.setns(pidfd, flags(spec) & ~kernel.CLONE_NEWUSER)
            os.chdir("/")
            self._rule()
            stdio, sent = _stdio(ends, _terminal() if what["tty"] else None, what)
            wire.tell(sync, {"ready": True}, sent)
            environment = self._prepare(what, stdio, sync, own=own, kept=(tells,))
            # Only now does the container see anything of us: a process with no more rights than its own programs.
            if _child_of_shim(tells) == 0:
                os.close(tells)
                process.begin(what, environment)
            os._exit(0)

    def _rule(self) -> None:
        if self.spec["uid_map"]:
            idmap.become_root(several=self.users == "any")
            kernel.die_with_parent()

    def _guarded(
        self,
        what: dict[str, Any],
        ends: tuple[int, ...],
        sync: socket.socket,
        secrets: SecretFiles | None = None,
    ) -> NoReturn:
        """Without namespaces: fork the program, and stay as what keeps it and its children together."""
        spec = self.spec
        processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stdio, passed = _stdio(ends, confined.open_terminal(spec) if what["tty"] else None, what)

        def program() -> NoReturn:
            with _to_the_end(sync):
                if spec["proot"]:
                    ready = confined.proot_command(spec, what)
                    self.code = confined.filter_for_proot()
                else:
                    ready, filters = confined.enter(spec, what)
                    self.code = self.code if filters else b""
                wire.tell(sync, {"ready": True}, passed)
                process.begin(ready, self._prepare(ready, stdio, sync))

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
            traced=bool(spec["proot"]),
        )

    def _prepare(
        self,
        what: dict[str, Any],
        stdio: tuple[int, int, int],
        sync: socket.socket,
        *,
        own: int = -1,
        kept: tuple[int, ...] = (),
    ) -> dict[str, str]:
        def tell(message: dict[str, Any], passed: tuple[int, ...]) -> None:
            wire.tell(sync, message, passed)

        return process.prepare(
            what,
            stdio,
            users=self.users,
            code=self.code,
            recorder=self.recorder,
            own=own,
            kept=(sync.fileno(), *kept),
            tell=tell,
        )


def _child_of_shim(tells: int) -> int:
    """Fork a process whose parent is the shim, which waits for it; its pid is told, and returned but to itself."""
    pid = kernel.clone(kernel.CLONE_PARENT)
    if pid:
        os.write(tells, str(pid).encode())
    return pid


@contextlib.contextmanager
def _to_the_end(sync: socket.socket) -> Iterator[None]:
    """A process that does not outlive this block: what goes wrong in it is told to the shim."""
    try:
        yield
    except process.Refusal as error:
        wire.tell(sync, {"error": str(error), "code": error.code})
    except Exception as error:  # noqa: BLE001  (nobody else would hear of it)
        wire.tell(sync, {"error": str(error), "code": _FAILED})
    finally:
        os._exit(_FAILED)


def _nothing() -> None:
    """Neither before the program nor after it."""


def _terminal() -> tuple[int, int]:
    master, slave = process.open_terminal()
    if os.path.exists("/dev/console"):
        try:
            kernel.mount(os.ttyname(slave), "/dev/console", None, kernel.MS_BIND)
        except OSError:
            pass  # a program that joined later finds it taken
    return master, slave


def _stdio(
    ends: tuple[int, ...], terminal: tuple[int, int] | None, what: dict[str, Any]
) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """The program's three descriptors, and the terminal's master to hand out if it has one."""
    if terminal is not None:
        master, slave = terminal
        if what.get("window"):
            process.resize(master, *what["window"])
        return (slave, slave, slave), (master,)
    return (ends[0], ends[1], ends[2]), ()


def _loopback_up() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(sock, 0x8914, b"lo".ljust(16, b"\0") + b"\x41\0".ljust(24, b"\0"))  # SIOCSIFFLAGS: up, running
    sock.close()
