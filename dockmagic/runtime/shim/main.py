"""The process that keeps one container: starts it, writes its log, and answers all who want something of it.

It is started as ``python -I -S``, imports little, and has one thread. Clients speak to it over a SOCK_SEQPACKET socket,
in the messages of `dockmagic.runtime.messages.shim`, descriptors beside them. Output goes into the log file, and only
there as long as that can be written; who follows it reads the file and is told by an empty answer that it grew. Input
goes straight from the client into the pipe or terminal.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from dockmagic.linux import cgroups, idmap, kernel
from dockmagic.linux.signal_escalation import SignalEscalation
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.init import namespaced, wire  # noqa: F401  (nearly all containers need the former soon)
from dockmagic.runtime.init.container_init import ExecCall
from dockmagic.runtime.messages.init import InitReport
from dockmagic.runtime.messages.message import Message
from dockmagic.runtime.messages.shim import (
    REQUESTS,
    AttachRequest,
    ExecRequest,
    ReleaseRequest,
    ResizeRequest,
    ShimAnswer,
    SignalRequest,
    StartRequest,
    WaitRequest,
    WatchRequest,
)

from . import forwarder, log
from .client import Client
from .folder import Folder
from .streams import Streams

__all__ = ["main"]

_MESSAGE = 1 << 18
_FAILED = 125


class _Shim:
    def __init__(self, spec: dict[str, Any], first: Client) -> None:
        self.spec = spec
        self.folder = Folder(spec["folder"])
        self.poll = select.poll()
        self.clients: dict[int, Client] = {first.sock.fileno(): first}
        self.children: dict[int, tuple[int, Client | None]] = {}  # pidfd: (pid, whose exec)
        self.pid = 0
        self.pidfd = -1
        self.listener: socket.socket | None = None
        self.owner = -1
        path = f"{self.folder.path}/log"
        if self.folder.was_left:
            log.mend(path)
        self.streams = Streams(self.poll, self.clients, path if spec["keep_log"] else "")
        self.groups: list[str] = []
        self.forwarder = 0
        self.init = DRIVERS[spec["tier"]].init(spec)
        self.processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.escalation = SignalEscalation(self.processes)
        self.users = self.mounts = -1  # the container's namespaces of these

    # ------------------------------------------------------------------ start

    def start(self, first: Client, *, stdin: bool) -> ShimAnswer | None:
        """Start the container; the first client hears of it, and feeds its input if `stdin`.

        Returns:
            Why it does not run; None if it does.
        """
        spec = self.spec
        try:
            listeners = forwarder.bind(spec["ports"])
        except OSError as error:
            return ShimAnswer(error=error.strerror or str(error))
        tty = self.init.program.tty
        outer, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends = (-1, -1, -1) if tty else self.streams.pipes(stdin=spec["open_stdin"])
        try:
            self.init.ready()
        except (OSError, ValueError) as error:
            return ShimAnswer(error=str(error))
        try:
            self.pid = kernel.clone(self.init.flags)
        except OSError as error:
            return ShimAnswer(error=f"no namespaces: {error.strerror}")
        if self.pid == 0:
            outer.close()
            self.init.start(inner, ends)
        inner.close()
        for end in ends:
            if end >= 0:
                os.close(end)
        self.pidfd = os.pidfd_open(self.pid)
        refusal = self._let_go(outer)
        outer.close()
        if refusal is not None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._end_orphans()
            return ShimAnswer(error=refusal.error or "the container ended before its program began", code=refusal.code)
        self.listener = self.folder.listen()
        ports = [port | {"host": sock.getsockname()[1]} for port, sock in zip(spec["ports"], listeners, strict=True)]
        if ports:
            inside = [port["container"] for port in ports]
            self.forwarder = forwarder.forward(listeners, inside, self.pidfd, self.users)
        for listener in listeners:
            listener.close()
        self.folder.note(started=time.time(), pid=self.pid, shim=os.getpid(), ports=ports)
        self.folder.reserve()
        # Who starts it follows it from the first byte, and hears of its end however soon that comes.
        first.follows = first.hears = True
        self.streams.hand_over(
            first, ShimAnswer(pid=self.pid, offset=self.streams.written), stdin=stdin and spec["open_stdin"], once=True
        )
        return None

    def _let_go(self, sync: socket.socket) -> InitReport | None:
        """Let the first process, which waits, become its program; what goes wrong, None if nothing does."""
        spec = self.spec
        try:
            if spec["uid_map"]:
                idmap.write(self.pid, spec)
                # Later the first process keeps to itself.
                self.users = os.open(f"/proc/{self.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
                self.mounts = os.open(f"/proc/{self.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
            self._limit()
            sync.send(b"g")
            report, descriptors = wire.hear(sync)
        except (OSError, ValueError) as error:
            return InitReport(error=str(error))
        if report is None or not report.ready:
            return report or InitReport()
        if report.created is not None:
            self.folder.remember(report.created)
        if descriptors:
            self.streams.take_terminal(descriptors[0])
        return self._begins(sync, first=True)

    def _begins(self, sync: socket.socket, *, first: bool) -> InitReport | None:
        """What goes wrong while a program starts whose files are there; None if nothing does."""
        report = self._follow_start(sync)
        if report is not None and report.user is not None:
            self._note_user(*report.user, first=first)
            report = self._follow_start(sync)
        return report

    def _note_user(self, uid: int, gid: int, *, first: bool) -> None:
        """Write down whose program begins, where there is one user only."""
        from dockmagic.runtime.init import recorder
        from dockmagic.snapshot import ownertable

        table = ownertable.open_table(self.folder.path)
        if first:
            ownertable.set_default(table, uid, gid)
        if uid or not recorder.records_owners(self.spec["process"]["capabilities"]):
            ownertable.admit(table)
        os.close(table)

    def _limit(self) -> None:
        """Hold the container to its limits, before it does anything."""
        limits = self.spec["limits"]
        if limits["processors"]:
            os.sched_setaffinity(self.pid, sorted(os.sched_getaffinity(0))[: limits["processors"]])
        if limits["groups"]:
            name = f"dockmagic-{os.path.basename(self.folder.path)}"
            self.groups = cgroups.enter(name, self.pid, limits["groups"], limits["amounts"])

    def _follow_start(self, sock: socket.socket) -> InitReport | None:
        """What a starting program tells next; silence is success, for the socket closes on exec."""
        while True:
            report, descriptors = wire.hear(sock)
            if report is None or not report.listens:
                return report
            self._record(descriptors[0])

    def _record(self, listener: int) -> None:
        """Have the calls that come from `listener` answered by a process of its own."""
        from dockmagic.runtime.init import recorder  # it is there: who listens made the filter of it

        pid = os.fork()
        if pid == 0:
            recorder.record(self.spec, listener, self.users, self.mounts)
        os.close(listener)
        pidfd = os.pidfd_open(pid)
        self.children[pidfd] = (pid, None)
        self.poll.register(pidfd, select.POLLIN)

    # ------------------------------------------------------------------ life

    def run(self) -> int:
        """Serve until the container has ended and its output is written; its exit code."""
        interest = select.POLLIN | select.POLLHUP
        assert self.listener is not None
        self.streams.listen()
        for descriptor in (*self.clients, self.pidfd, self.listener.fileno()):
            self.poll.register(descriptor, interest)
        if self.spec.get("owner"):
            try:
                self.owner = os.pidfd_open(self.spec["owner"])
                self.poll.register(self.owner, interest)
            except OSError:
                os.kill(self.pid, signal.SIGKILL)  # it is gone already
        code = None
        while code is None or self.streams.open:
            events_of = self.poll.poll(self.escalation.patience)
            if code is None:
                self.escalation.look(self.pid)
            for descriptor, events in events_of:
                if self.streams.serve(descriptor):
                    continue
                if descriptor == self.pidfd:
                    self.poll.unregister(descriptor)
                    code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                    code = code if code >= 0 else 128 - code
                    self._end_orphans()
                elif descriptor == self.owner:
                    self.poll.unregister(descriptor)
                    os.kill(self.pid, signal.SIGKILL)
                elif descriptor == self.listener.fileno():
                    self._welcome(interest)
                elif descriptor in self.children:
                    self._reap(descriptor)
                elif descriptor in self.clients:
                    self._serve(descriptor, events, alive=code is None)
        return code

    def _end_orphans(self) -> None:
        """What the end of a pid namespace does by itself."""
        self.init.end(self.processes, frozenset(pid for pid, _ in self.children.values()))

    def finish(self, code: int, started: float) -> None:
        """Write down how it ended, then tell everybody, in this order: who hears of it may look."""
        for pidfd in list(self.children):
            self._reap(pidfd)
        if self.forwarder:
            os.kill(self.forwarder, signal.SIGKILL)
            os.waitpid(self.forwarder, 0)
        self.folder.note(started=started, finished=time.time(), exit_code=code)
        self._bury()
        for client in self.clients.values():
            if client.follows or client.waits:
                client.send(ShimAnswer(exit=code))
        self._dispose()

    def fail(self, client: Client, answer: ShimAnswer) -> None:
        """Write down why it could not start, and tell who asked."""
        now = time.time()
        self.folder.note(started=now, finished=now, exit_code=answer.code, error=answer.error)
        self._bury()
        client.send(answer)
        self._dispose()

    def _bury(self) -> None:
        """Make the name free, if it is a container that goes when it ends (``--rm``)."""
        cgroups.leave(self.groups)
        if self.spec["auto_remove"]:
            self.folder.bury()

    def _dispose(self) -> None:
        """Delete what is left of a buried one, when nobody waits for it any more."""
        if self.spec["auto_remove"]:
            for client in self.clients.values():
                client.sock.close()
            from dockmagic.runtime.machine.isolation import Isolation
            from dockmagic.runtime.machine.removal import remove_folders

            remove_folders(Isolation.of(self.spec["tier"], self.spec), [*self.spec["gone_with_it"], self.folder.grave])

    def _welcome(self, interest: int) -> None:
        assert self.listener is not None
        sock, _ = self.listener.accept()
        self.clients[sock.fileno()] = Client(sock)
        self.poll.register(sock.fileno(), interest)

    def _reap(self, pidfd: int) -> None:
        pid, client = self.children.pop(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.poll.unregister(pidfd)
        os.close(pidfd)
        if client is not None:
            client.send(ShimAnswer(exit=code if code >= 0 else 128 - code))

    def _serve(self, descriptor: int, events: int, *, alive: bool) -> None:
        client = self.clients[descriptor]
        data = b""
        passed: list[int] = []
        if events & select.POLLIN:
            try:
                data, passed, _, _ = socket.recv_fds(client.sock, _MESSAGE, 4)
            except OSError:
                data = b""
        if not data:
            self.poll.unregister(descriptor)
            del self.clients[descriptor]
            client.sock.close()
            return
        try:
            request = Message.decode_one(data, REQUESTS)
            if alive:
                self._answer(client, request, passed)
            else:
                client.send(ShimAnswer(error="the container is not running"))
        except (ValueError, OSError) as error:
            client.send(ShimAnswer(error=str(error)))
        finally:
            for number in passed:
                os.close(number)

    # ------------------------------------------------------------------ requests

    def _answer(self, client: Client, request: Message, passed: list[int]) -> None:
        match request:
            case AttachRequest():
                client.follows = client.hears = True
                answer = ShimAnswer(offset=self.streams.written)
                self.streams.hand_over(client, answer, stdin=request.stdin and self.spec["open_stdin"], once=False)
            case WatchRequest():
                client.follows = True
                client.send(ShimAnswer(pid=self.pid))
            case WaitRequest():
                client.waits = True
                client.send(ShimAnswer(pid=self.pid))
            case SignalRequest():
                self._signal(client, request)
                client.send(ShimAnswer(pid=self.pid))
            case ResizeRequest():
                self.streams.resize(request.rows, request.columns)
                client.send(ShimAnswer(pid=self.pid))
            case ReleaseRequest():
                self._release()
                client.send(ShimAnswer(released=True))
            case ExecRequest():
                self._exec(client, request, passed)

    def _signal(self, client: Client, request: SignalRequest) -> None:
        if client.entered:
            for pid in [pid for pid, owner in self.children.values() if owner is client]:
                try:
                    os.killpg(pid, request.number)
                except ProcessLookupError:
                    os.kill(pid, request.number)  # it leads no group yet
        elif request.insist:
            self.escalation.send(self.pid, request.number)
        else:
            os.kill(self.pid, request.number)

    def _release(self) -> None:
        if self.owner >= 0:
            self.poll.unregister(self.owner)
            os.close(self.owner)
            self.owner = -1

    def _exec(self, client: Client, request: ExecRequest, passed: list[int]) -> None:
        if passed and len(passed) != 3:
            raise ValueError(f"exec takes three descriptors, and {len(passed)} came")
        outer, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The pid has a way of its own: the program may be ready before the one who forked it has told of it.
        told, tells = os.pipe()
        middle = os.fork()
        if middle == 0:
            outer.close()
            ends = (passed[0], passed[1], passed[2]) if passed else (-1, -1, -1)
            self.init.exec(
                ExecCall(
                    request, sync=inner, tells=tells, ends=ends, pidfd=self.pidfd, users=self.users, groups=self.groups
                )
            )
        inner.close()
        os.close(tells)
        os.waitpid(middle, 0)
        pid = int(os.read(told, 16) or b"0")
        os.close(told)
        report, descriptors = wire.hear(outer)
        refusal = self._begins(outer, first=False) if report is not None and report.ready else report or InitReport()
        outer.close()
        if refusal is not None or not pid:
            if pid:
                os.waitpid(pid, 0)
            refusal = refusal or InitReport()
            client.send(ShimAnswer(error=refusal.error or "the container cannot be entered", code=refusal.code))
        else:
            pidfd = os.pidfd_open(pid)
            self.children[pidfd] = (pid, client)
            client.entered = True
            self.poll.register(pidfd, select.POLLIN)
            if request.detach:
                self.streams.turn_away(descriptors)
                descriptors = []
            client.send(ShimAnswer(pid=pid), tuple(descriptors))
        for number in descriptors:
            os.close(number)


def main() -> None:
    """Run the container that the first message names. Descriptor 0 is the connection to who started us."""
    sock = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    data, passed, _, _ = socket.recv_fds(sock, _MESSAGE, 2)
    if not data:
        return
    first = Client(sock)
    try:
        request = StartRequest.decode(data)
    except ValueError as error:
        first.send(ShimAnswer(error=str(error)))
        return
    spec = request.spec
    if passed:
        os.set_inheritable(passed[0], False)  # noqa: FBT003  (as Python has it)
        spec["secret_content"] = passed[0]
    complaints = os.open(f"{spec['folder']}/shim.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.dup2(complaints, 2)
    os.close(complaints)
    # Held for life: whoever gets it knows that this container has no shim (flock(2)).
    alive = os.open(f"{spec['folder']}/alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        first.send(ShimAnswer(error="the container is running already"))
        return
    try:
        shim = _Shim(spec, first)
    except ValueError as error:
        first.send(ShimAnswer(error=str(error)))
        return
    signal.signal(signal.SIGTERM, lambda *_: os.kill(shim.pid, signal.SIGKILL) if shim.pid else sys.exit(_FAILED))
    started = time.time()
    refusal = shim.start(first, stdin=request.stdin)
    if passed:
        os.close(passed[0])  # who needs it has it
    if refusal is not None:
        shim.fail(first, refusal)
        return
    code = shim.run()
    shim.finish(code, started)
