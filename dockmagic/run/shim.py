"""The process that keeps one container: starts it, writes its log, and answers all who want something of it.

It is started as ``python -I -S``, imports little, and has one thread. Clients speak to it over a SOCK_SEQPACKET socket:
one JSON object a message, descriptors beside it. Output goes into the log file, and only there; who follows it reads
the file and is told by an empty object that it grew. Input goes straight from the client into the pipe or terminal.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import idmap, kernel, log, process, rootfs

__all__ = ["main"]

_CHUNK = 1 << 18
_PIPE = 1 << 20  # F_SETPIPE_SZ: fewer turns for a program that writes much
_MESSAGE = 1 << 18
_FAILED = 125


class _Client:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.follows = False
        self.waits = False

    def send(self, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        try:
            if descriptors:
                socket.send_fds(self.sock, [json.dumps(message).encode()], list(descriptors))
            else:
                self.sock.send(json.dumps(message).encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:
            # Gone, or so far behind that it has news waiting: then it will look at the log anyway.
            return


class _Shim:
    def __init__(self, spec: dict[str, Any], first: _Client) -> None:
        self.spec = spec
        self.folder: str = spec["folder"]
        self.poll = select.poll()
        self.clients: dict[int, _Client] = {first.sock.fileno(): first}
        self.outputs: dict[int, int] = {}
        self.children: dict[int, tuple[int, _Client | None]] = {}  # pidfd: (pid, whose exec)
        self.pid = 0
        self.pidfd = -1
        self.stdin = -1
        self.master = -1
        self.listener: socket.socket | None = None
        self.owner = -1
        self.log = os.open(f"{self.folder}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.code = base64.b64decode(spec["filter"])
        self.single = bool(spec["uid_map"]) and sum(row[2] for row in spec["uid_map"]) == 1

    # ------------------------------------------------------------------ state on disk

    def note(self, **state: Any) -> None:
        path = f"{self.folder}/state.json"
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.rename(path + ".new", path)

    # ------------------------------------------------------------------ start

    def start(self, first: _Client, *, stdin: bool) -> bool:
        """Start the container; whether it runs. The first client hears how it went, and feeds its input if `stdin`."""
        spec = self.spec
        tty = spec["process"]["tty"]
        outer, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ends = self._pipes(tty=tty, stdin=spec["open_stdin"])
        flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC
        flags |= kernel.CLONE_NEWCGROUP
        flags |= kernel.CLONE_NEWUSER if spec["uid_map"] else 0
        flags |= kernel.CLONE_NEWNET if spec["network"] == "none" else 0
        try:
            self.pid = kernel.clone(flags)
        except OSError as error:
            first.send({"error": f"no namespaces: {error.strerror}", "code": _FAILED})
            return False
        if self.pid == 0:
            outer.close()
            _container(spec, inner, ends, self.code, single=self.single)
        inner.close()
        for end in ends:
            if end >= 0:
                os.close(end)
        self.pidfd = os.pidfd_open(self.pid)
        try:
            if spec["uid_map"]:
                idmap.write(self.pid, spec)
            outer.send(b"g")
            answer, descriptors = _hear(outer)
        except OSError as error:
            answer, descriptors = {"error": str(error), "code": _FAILED}, []
        if "created" in answer:
            self._remember(answer.pop("created"))
        if answer.get("ready"):
            if descriptors:
                self.master = descriptors[0]
                self.outputs[self.master] = log.STDOUT
            # From here on the program's own start is the question: silence is success, for the socket closes on exec.
            answer, _ = _hear(outer)
        outer.close()
        if answer:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            answer.setdefault("error", "the container ended before its program began")
            answer.setdefault("code", _FAILED)
            now = time.time()
            self.note(started=now, finished=now, exit_code=answer["code"], error=answer["error"])
            first.send(answer)
            return False
        self._listen()
        self.note(started=time.time(), pid=self.pid, shim=os.getpid())
        # Who starts it follows it from the first byte, and hears of its end however soon that comes.
        first.follows = True
        self._hand_over(first, {"pid": self.pid}, stdin=stdin, once=True)
        return True

    def _pipes(self, *, tty: bool, stdin: bool) -> tuple[int, int, int]:
        if tty:
            return (-1, -1, -1)
        mine: list[int] = []
        theirs: list[int] = []
        for stream in (log.STDOUT, log.STDERR):
            out, into = os.pipe()
            try:
                fcntl.fcntl(out, 1031, _PIPE)  # F_SETPIPE_SZ, named in Python only for some libcs
            except OSError:
                pass  # the user's pipes are used up: the usual size does
            mine.append(out)
            theirs.append(into)
            self.outputs[out] = stream
        taken = -1
        if stdin:
            taken, self.stdin = os.pipe()
        return (taken, theirs[0], theirs[1])

    def _remember(self, created: list[str]) -> None:
        path = f"{self.folder}/mountpoints"
        if created:
            with open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
                file.writelines(name + "\0" for name in created)

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A short relative name: a socket's path has 107 bytes at most, and a home may lie deep.
        os.chdir(self.folder)
        try:
            os.unlink("socket")
        except FileNotFoundError:
            pass
        old = os.umask(0o077)
        listener.bind("socket")
        os.umask(old)
        listener.listen(64)
        os.chdir("/")
        self.listener = listener

    # ------------------------------------------------------------------ life

    def run(self) -> int:
        """Serve until the container has ended and its output is written; its exit code."""
        interest = select.POLLIN | select.POLLHUP
        assert self.listener is not None
        for descriptor in (*self.outputs, *self.clients, self.pidfd, self.listener.fileno()):
            self.poll.register(descriptor, interest)
        if self.spec.get("owner"):
            try:
                self.owner = os.pidfd_open(self.spec["owner"])
                self.poll.register(self.owner, interest)
            except OSError:
                os.kill(self.pid, signal.SIGKILL)  # it is gone already
        code = None
        while code is None or self.outputs:
            for descriptor, events in self.poll.poll():
                if descriptor in self.outputs:
                    self._pump(descriptor)
                elif descriptor == self.pidfd:
                    self.poll.unregister(descriptor)
                    code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                    code = code if code >= 0 else 128 - code
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

    def finish(self, code: int, started: float) -> None:
        """Write down how it ended, then tell everybody, in this order: who hears of it may look."""
        for pidfd in list(self.children):
            self._reap(pidfd)
        self.note(started=started, finished=time.time(), exit_code=code)
        for client in self.clients.values():
            if client.follows or client.waits:
                client.sock.settimeout(None)
                client.send({"exit": code})

    def _pump(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _CHUNK)
        except OSError:
            data = b""  # a terminal whose last user has gone says EIO
        if not data:
            self.poll.unregister(descriptor)
            del self.outputs[descriptor]
            if descriptor == self.master:
                self.master = -1
            os.close(descriptor)
            return
        try:
            log.append(self.log, self.outputs[descriptor], data)
        except OSError:
            return  # the disk is full: the program goes on, as under docker
        for client in self.clients.values():
            if client.follows:
                client.send({})

    def _welcome(self, interest: int) -> None:
        assert self.listener is not None
        sock, _ = self.listener.accept()
        self.clients[sock.fileno()] = _Client(sock)
        self.poll.register(sock.fileno(), interest)

    def _reap(self, pidfd: int) -> None:
        pid, client = self.children.pop(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.poll.unregister(pidfd)
        os.close(pidfd)
        if client is not None:
            client.send({"exit": code if code >= 0 else 128 - code})

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
            request = json.loads(data)
            operation = getattr(self, "_do_" + request.pop("do")) if alive else None
            if operation is None:
                client.send({"error": "the container is not running", "code": _FAILED})
            else:
                operation(client, request, passed)
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            client.send({"error": f"{type(error).__name__}: {error}", "code": _FAILED})
        finally:
            for number in passed:
                os.close(number)

    # ------------------------------------------------------------------ requests

    def _do_attach(self, client: _Client, request: dict[str, Any], _passed: list[int]) -> None:
        """Follow the output from here on; with `stdin`, the end to write input to comes along."""
        client.follows = True
        answer = {"offset": os.fstat(self.log).st_size}
        self._hand_over(client, answer, stdin=request["stdin"], once=False)

    def _hand_over(self, client: _Client, answer: dict[str, Any], *, stdin: bool, once: bool) -> None:
        into = self.master if self.master >= 0 else self.stdin
        if not stdin or into < 0 or not self.spec["open_stdin"]:
            client.send(answer)
            return
        client.send(answer, (into,))
        if once and into == self.stdin:
            # The client's is the only one now: when it closes it, the program sees the end of its input.
            os.close(self.stdin)
            self.stdin = -1

    def _do_wait(self, client: _Client, _request: dict[str, Any], _passed: list[int]) -> None:
        """Hear of the end only."""
        client.waits = True
        client.send({"pid": self.pid})

    def _do_signal(self, client: _Client, request: dict[str, Any], _passed: list[int]) -> None:
        """Send the container's first process a signal; for who follows a program of ``exec``, that program."""
        theirs = (pid for pid, owner in self.children.values() if owner is client)
        os.kill(next(theirs, self.pid), int(request["number"]))
        client.send({"ok": True})

    def _do_release(self, client: _Client, _request: dict[str, Any], _passed: list[int]) -> None:
        """Outlive the process that the container was started for."""
        if self.owner >= 0:
            self.poll.unregister(self.owner)
            os.close(self.owner)
            self.owner = -1
        client.send({"ok": True})

    def _do_exec(self, client: _Client, request: dict[str, Any], passed: list[int]) -> None:
        """Run one more program inside: with the three descriptors that came along, or on a terminal of its own."""
        outer, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The pid has a way of its own: the program may be ready before the one who forked it has told of it.
        told, tells = os.pipe()
        middle = os.fork()
        if middle == 0:
            outer.close()
            _join(self.spec, self.pidfd, request, inner, tells, passed, self.code, single=self.single)
        inner.close()
        os.close(tells)
        os.waitpid(middle, 0)
        pid = int(os.read(told, 16) or b"0")
        os.close(told)
        answer: dict[str, Any] = {}
        descriptors: list[int] = []
        if not pid:
            answer, _ = _hear(outer)
        else:
            answer, descriptors = _hear(outer)
            if answer.get("ready"):
                answer, _ = _hear(outer)
        outer.close()
        if answer or not pid:
            if pid:
                os.waitpid(pid, 0)
            client.send(answer or {"error": "the container cannot be entered", "code": _FAILED})
        else:
            pidfd = os.pidfd_open(pid)
            self.children[pidfd] = (pid, client)
            self.poll.register(pidfd, select.POLLIN)
            client.send({"pid": pid}, tuple(descriptors))
        for number in descriptors:
            os.close(number)


def _hear(sock: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and its descriptors; nothing if the other side has closed."""
    data, descriptors, _, _ = socket.recv_fds(sock, _MESSAGE, 2)
    return (json.loads(data) if data else {}), descriptors


def _tell(sock: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    data = json.dumps(message).encode()
    if descriptors:
        socket.send_fds(sock, [data], list(descriptors))
    else:
        sock.send(data)


def _container(
    spec: dict[str, Any], sync: socket.socket, ends: tuple[int, int, int], code: bytes, *, single: bool
) -> None:
    """The container's first process, from its birth in new namespaces to its program. Does not return."""
    try:
        kernel.die_with_parent()
        if sync.recv(1) != b"g":
            os._exit(_FAILED)
        if spec["uid_map"]:
            idmap.become_root(several=not single)
            kernel.die_with_parent()
        os.umask(0)
        created: list[str] = []
        rootfs.build(spec, created)
        kernel.set_hostname(spec["hostname"])
        if spec["network"] == "none":
            _loopback_up()
        stdio, passed = _stdio(ends, tty=spec["process"]["tty"])
        _tell(sync, {"ready": True, "created": created}, passed)
        process.become(spec["process"], stdio, single=single, code=code)
    except process.Refusal as error:
        _tell(sync, {"error": str(error), "code": error.code})
    except (OSError, ValueError) as error:
        _tell(sync, {"error": str(error), "code": _FAILED})
    finally:
        os._exit(_FAILED)


def _join(  # noqa: PLR0917  (what it needs of the shim, which it is no part of)
    spec: dict[str, Any],
    pidfd: int,
    request: dict[str, Any],
    sync: socket.socket,
    tells: int,
    passed: list[int],
    code: bytes,
    *,
    single: bool,
) -> None:
    """A program inside a running container. Does not return."""
    try:
        flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC
        flags |= kernel.CLONE_NEWCGROUP
        flags |= kernel.CLONE_NEWUSER if spec["uid_map"] else 0
        flags |= kernel.CLONE_NEWNET if spec["network"] == "none" else 0
        kernel.setns(pidfd, flags)
        os.chdir("/")
        # The new process is the shim's child, not ours: the shim waits for it.
        pid = kernel.clone(kernel.CLONE_PARENT)
        if pid:
            os.write(tells, str(pid).encode())
            os._exit(0)
        if spec["uid_map"]:
            idmap.become_root(several=not single)
            kernel.die_with_parent()
        stdio, sent = _stdio(tuple(passed) if passed else (-1, -1, -1), tty=request["tty"])
        _tell(sync, {"ready": True}, sent)
        process.become(request, stdio, single=single, code=code)
    except process.Refusal as error:
        _tell(sync, {"error": str(error), "code": error.code})
    except (OSError, ValueError, KeyError) as error:
        _tell(sync, {"error": str(error), "code": _FAILED})
    finally:
        os._exit(_FAILED)


def _stdio(ends: tuple[int, ...], *, tty: bool) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """The program's three descriptors, and the terminal's master to hand out if it has one."""
    if tty:
        master, slave = process.open_terminal()
        if os.path.exists("/dev/console"):
            try:
                kernel.mount(os.ttyname(slave), "/dev/console", None, kernel.MS_BIND)
            except OSError:
                pass  # a program that joined later finds it taken
        return (slave, slave, slave), (master,)
    first = ends[0] if ends[0] >= 0 else os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    return (first, ends[1], ends[2]), ()


def _loopback_up() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(sock, 0x8914, b"lo".ljust(16, b"\0") + b"\x41\0".ljust(24, b"\0"))  # SIOCSIFFLAGS: up, running
    sock.close()


def main() -> None:
    """Run the container that the first message names. Descriptor 0 is the connection to who started us."""
    sock = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    request, _ = _hear(sock)
    if not request:
        return
    spec = request["spec"]
    # Held for life: whoever gets it knows that this container has no shim (flock(2)).
    alive = os.open(f"{spec['folder']}/alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    first = _Client(sock)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        first.send({"error": "the container is running already", "code": _FAILED})
        return
    shim = _Shim(spec, first)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(shim.pid, signal.SIGKILL) if shim.pid else sys.exit(_FAILED))
    started = time.time()
    if not shim.start(first, stdin=request["stdin"]):
        return
    code = shim.run()
    shim.finish(code, started)
