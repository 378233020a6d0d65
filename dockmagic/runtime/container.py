"""A container: an image, one writable layer on top of it, and the program that runs in it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import time
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from dockmagic.image.local import by_manifest
from dockmagic.oci.errors import Conflict, DockmagicError, NotFound, NotSupported
from dockmagic.snapshot import changes
from dockmagic.snapshot.layers import tables
from dockmagic.snapshot.mountpoints import read_mountpoints
from dockmagic.snapshot.written import written

from . import hosts, pause
from .disk.record import DamagedRecord, State, read_state
from .flags import limits
from .flags.environment import program_environment
from .machine.disposal import remove_folders
from .machine.helper import Connection, launch
from .machine.isolation import Isolation
from .machine.work import work
from .session import Session
from .shim import log
from .spec import anonymous_volumes, ready_sources, spec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import PurePath
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.layer.tree import FileTree
    from dockmagic.store.content import ContentStore

    from .actions import ContainerActions
    from .disk.record import Record
    from .machine.helper import Child
    from .path import ContainerPath

__all__ = ["CannotStart", "Container"]

_NO_FILES: Mapping[str, bytes] = MappingProxyType({})


_PATIENCE = 10  # docker's


class CannotStart(DockmagicError):
    """The container's program could not be started; `exit_code` is 127, 126 or 125."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = 125) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class Container:
    """One container of a home.

    Args:
        store: where its image is.
        record: how it was made.

    Attributes:
        actions: what an engine does with it; None where it came from no engine.
    """

    def __init__(self, store: ContentStore, record: Record) -> None:
        self.store = store
        self.record = record
        self.folder = store.home.containers / record.id
        self.actions: ContainerActions | None = None

    def __repr__(self) -> str:
        return f"<Container {self.name} {self.short_id} of {self.record.image}>"

    def __eq__(self, other: object) -> bool:
        """Whether it is the same container."""
        return self.id == other.id if isinstance(other, Container) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._actions, self.id)

    def __truediv__(self, path: str) -> ContainerPath:
        """A path as the container sees it: ``container / "etc/passwd"``."""
        from .path import ContainerPath

        return ContainerPath(self, path)

    @property
    def id(self) -> str:
        """64 hexadecimal digits."""
        return self.record.id

    @property
    def name(self) -> str:
        """As it was given or made up."""
        return self.record.name

    @property
    def short_id(self) -> str:
        """The first 12 digits of its ID."""
        return self.id[:12]

    @property
    def status(self) -> str:
        """``created``, ``running``, ``paused`` or ``exited``, as it is now."""
        return self.state.status

    @property
    def exit_code(self) -> int | None:
        """Of its program; None while that has not ended."""
        state = self.state
        return state.exit_code if state.status == "exited" else None

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.record.created, UTC)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels, the image's among them."""
        return dict(self.record.labels)

    @property
    def is_running(self) -> bool:
        """Whether its program has not ended yet; a paused one has not."""
        return self.state.status in ("running", "paused")

    @property
    def state(self) -> State:
        """How it goes now."""
        state = read_state(self.folder)
        if self.record.damaged and state.status not in ("running", "paused"):
            return State(status="dead", error="its record is damaged")
        return state

    def check(self) -> None:
        """Refuse to do more than remove a container of which too little is known.

        Raises:
            DamagedRecord: its record could not be read.
        """
        if self.record.damaged:
            raise DamagedRecord(
                f"the record of the container {self.name} is damaged", hint=f"Remove it: `rm -f {self.name}`"
            )

    @property
    def image(self) -> Image:
        """What it stands on; where an engine gave the container, with the names that it has now."""
        self.check()
        if self.actions is None:
            return by_manifest(self.store, self.record.manifest)
        found: Image = self.actions.image_of(self)
        return found

    @property
    def files(self) -> FileTree:
        """What it sees now, without volumes: the image's layers, and above them what it has written."""
        from .path import merged

        return merged(self.image, self.changes())

    @property
    def isolation(self) -> Isolation:
        """The tier that it was made for, which its files are bound to."""
        if self.record.damaged:
            try:
                return Isolation.of(self.record.tier, self.record.isolation)
            except (KeyError, TypeError, ValueError):
                from .machine.tiers import choose  # as it would be made now

                return choose(self.store.home)
        return Isolation.of(self.record.tier, self.record.isolation)

    # ------------------------------------------------------------------ what an engine does with it

    @property
    def _actions(self) -> ContainerActions:
        if self.actions is None:
            raise NotSupported(
                "the container does not belong to an engine", hint="Get it from one: Engine().containers.get(NAME)"
            )
        return self.actions

    def commit(self, name: str = "", **options: Any) -> Image:
        """Make an image of it; see `Containers.commit` for the options."""
        found: Image = self._actions.commit(self, name, **options)
        return found

    def rename(self, name: str) -> Container:
        """Give it another name; the container as it is called now."""
        found: Container = self._actions.rename(self, name)
        return found

    def inspect(self) -> dict[str, Any]:
        """What ``inspect`` says of it, in docker's form."""
        return self._actions.inspect(self)

    def export(self, out: BinaryIO) -> None:
        """Write its file system as a tar: its layers, without volumes."""
        self._actions.export(self, out)

    def copy_from(self, path: str, target: str | os.PathLike[str] | BinaryIO, **options: Any) -> int:
        """Copy a file or folder of it to this machine; see `Containers.copy_from`."""
        return int(self._actions.copy_from(self, path, target, **options))

    def copy_to(self, source: str | os.PathLike[str] | BinaryIO, path: str, **options: Any) -> int:
        """Copy a file or folder of this machine into it; see `Containers.copy_to`."""
        return int(self._actions.copy_to(self, source, path, **options))

    def top(self) -> Any:
        """Its processes, as rows."""
        return self._actions.processes(self)

    def execute(
        self,
        command: str | Sequence[str],
        *,
        env: Mapping[str, Any] | Sequence[str] = (),
        workdir: str | PurePath = "",
        user: str | int = "",
        check: bool = False,
        input: bytes | str | None = None,  # noqa: A002  (as in subprocess.run)
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
    ) -> Any:
        """Run one more program in it, and wait for its end: a `Completed`; see `Containers.execute`."""
        return self._actions.execute(
            self,
            command,
            env=env,
            workdir=workdir,
            user=user,
            check=check,
            input=input,
            timeout=timeout,
            on_output=on_output,
        )

    # ------------------------------------------------------------------ life

    def make_workdir(self) -> None:
        """Make its working folder before it ever runs, as docker's ``create`` does; a start makes it by itself.

        Raises:
            InvalidInput: there is something else; the container is removed.
        """
        record = self.record
        # Mostly the image has it, which its layers tell without a worker.
        if any(os.path.isdir(f"{record.layers_folder}/{layer}/{record.cwd}") for layer in record.layers):
            return
        try:
            # In its own layer, under whatever will be mounted there.
            spec = self.spec() | {"mounts": [], "read_only": False}
            work(self.isolation, "make_workdir", spec=spec, path=record.cwd)
        except DockmagicError:
            self.remove(volumes=True)
            raise

    def spec(self) -> dict[str, Any]:
        """As shim and worker take it."""
        return spec_of(self.record, self.folder)

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
            answer, passed = connection.ask({"spec": spec, "stdin": stdin}, content)
        if answer is None or "error" in answer:
            child.wait()
            connection.close()
            if log_file >= 0:
                os.close(log_file)
            message = answer["error"] if answer else "its keeper ended at once"
            raise CannotStart(message, exit_code=answer["code"] if answer else 125)
        _adopt(child)
        if not self.record.keep_log:
            out, errors_out, *into = passed
            pipes = {out: log.STDOUT, errors_out: log.STDERR}
            return Session(connection, pipes=pipes, into=into[0] if into else -1)
        return self._session(connection, log_file, answer["offset"], passed)

    def attach(self, *, stdin: bool = True) -> Session:
        """Follow what it writes from now on, and feed its input.

        Raises:
            Conflict: it does not run.
            NotSupported: nobody but who started it hears it.
        """
        if not self.record.keep_log:
            raise NotSupported(f"the output of {self.name} goes to who started it only")
        connection = self._connect()
        answer, passed = connection.ask({"do": "attach", "stdin": stdin})
        if answer is None or "offset" not in answer:
            connection.close()
            raise Conflict(f"the container {self.name} is not running", hint=f"Start it: `start {self.name}`")
        log_file = os.open(self.folder / "log", os.O_RDONLY | os.O_CLOEXEC)
        return self._session(connection, log_file, answer["offset"], passed)

    def _watch(self) -> Session:
        """Hear when the log has grown (`Session.news`), and of the end."""
        connection = self._connect()
        answer, _ = connection.ask({"do": "watch"})
        if answer is None or "error" in answer:
            connection.close()
            raise Conflict(f"the container {self.name} is not running")
        return Session(connection)

    def _session(self, connection: Connection, log_file: int, offset: int, passed: list[int]) -> Session:
        return Session(
            connection,
            log_file=log_file,
            offset=offset,
            into=passed[0] if passed else -1,
            terminal=self.record.tty,
        )

    def _awaited_exit(self) -> int:
        # It ended while we were asking: the shim writes the state before it goes.
        for _ in range(200):
            state = self.state
            if state.status == "exited":
                return state.exit_code
            time.sleep(0.01)
        return self.state.exit_code

    def _connect(self) -> Connection:
        try:
            return Connection.to(self.folder)
        except OSError:
            raise Conflict(f"the container {self.name} is not running", hint=f"Start it: `start {self.name}`") from None

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._connect() as connection:
            answer, _ = connection.ask(request)
        if answer is None or "error" in answer:
            raise Conflict(f"the container {self.name} is not running")
        return answer

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send its program a signal.

        Raises:
            Conflict: it does not run.
        """
        self._ask({"do": "signal", "number": int(number)})

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end; the exit code, or None if it still runs after `timeout` seconds."""
        try:
            connection = self._connect()
        except Conflict:
            return self._awaited_exit() if self.state.status != "created" else 0
        with connection:
            connection.sock.settimeout(timeout)
            try:
                answer, _ = connection.ask({"do": "wait"})
                while answer is not None and "error" not in answer:
                    if "exit" in answer:
                        return int(answer["exit"])
                    answer, _ = connection.hear()
            except (TimeoutError, BlockingIOError):  # the latter where it is not to wait at all
                return None
        return self._awaited_exit()

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

    # ------------------------------------------------------------------ looking and entering

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
        request = {
            "do": "exec",
            "argv": shlex.split(argv) if isinstance(argv, str) else list(argv),
            "env": program_environment(record.config.env or (), env, record.hostname, tty=tty),
            "cwd": cwd or record.cwd,
            "user": user or record.user,
            "groups": list(record.groups),
            "tty": tty,
            "detach": detach,
            "window": window,
            "capabilities": record.capabilities,
            "no_new_privs": record.no_new_privs,
            "rlimits": limits.hold(record.limits, self.isolation).rlimits,
        }
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
        answer, passed = connection.ask(request, tuple(theirs))
        for descriptor in theirs:
            os.close(descriptor)
        if answer is None or "error" in answer:
            for descriptor in (*pipes, *((into,) if into >= 0 else ())):
                os.close(descriptor)
            connection.close()
            raise CannotStart(
                answer["error"] if answer else "the container has ended", exit_code=(answer or {}).get("code", 125)
            )
        if passed:
            master = passed[0]
            return Session(connection, pipes={master: log.STDOUT}, into=os.dup(master), terminal=True)
        return Session(connection, pipes=pipes, into=into)

    def logs(self, *, follow: bool = False) -> Iterator[log.Frame]:
        """Everything that it has written so far, of all its runs; with `follow` what it goes on to write, too."""
        try:
            descriptor = os.open(self.folder / "log", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        session = None
        try:
            if follow:
                with contextlib.suppress(Conflict):
                    session = self._watch()
            offset = 0
            while True:
                frames, offset = log.read(descriptor, offset)
                yield from frames
                if not frames and (session is None or not session.news()):
                    return
        finally:
            os.close(descriptor)
            if session is not None:
                session.close()

    def written(self, below: FileTree | None = None) -> list[changes.Written]:
        """What the writable layer holds; see `snapshot.written`."""
        try:
            return _seen_inside(written(self.folder, self.isolation.record(), below), self.isolation)
        except PermissionError:
            # Folders of other users of the container are closed to us, not to its root.
            import tempfile

            with tempfile.TemporaryFile() as file:
                paths = tables(self.store, self.image) if below is not None else []
                work(self.isolation, "scan", descriptors=(file.fileno(),), spec=self.spec(), tables=paths)
                file.seek(0)
                return changes.load(file.read())

    @property
    def size(self) -> int:
        """Bytes of the files in the writable layer."""
        return changes.room(self.written())

    def changes(self) -> list[changes.WrittenChange]:
        """What it has done to its image, in docker's letters."""
        below = self.image.files
        return changes.changes(self.written(below), below, read_mountpoints(self.folder))

    # ------------------------------------------------------------------ end

    def anonymous_volumes(self) -> list[str]:
        """Folders of the volumes that nobody named."""
        return anonymous_volumes(self.record)

    def remove(self, *, force: bool = False, volumes: bool = False) -> None:
        """Take it away with its writable layer and its log.

        Args:
            force: kill it if it runs.
            volumes: its anonymous volumes too.

        Raises:
            Conflict: it runs, and `force` is not set.
            NotFound: it is gone already.
        """
        status = self.state.status
        if status in ("running", "paused"):
            if not force:
                if status == "paused":
                    raise Conflict(
                        f"You cannot remove a paused container {self.id}. Unpause and then stop the container before "
                        "attempting removal or force remove",
                        hint=f"Type `unpause {self.name}` and `stop {self.name}`, or `rm -f {self.name}`",
                    )
                raise Conflict(
                    f'cannot remove container "/{self.name}": container is running',
                    hint=f"Stop it first: `stop {self.name}`, or use `rm -f {self.name}`",
                )
            with contextlib.suppress(Conflict):
                self.kill()
                self.wait()
        trash = self.folder.with_name(f".gone-{self.id}")
        try:
            self.folder.rename(trash)
        except FileNotFoundError:
            raise NotFound(f"there is no container {self.name} any more") from None
        remove_folders(self.isolation, [str(trash), *(self.anonymous_volumes() if volumes else ())])


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


def _reopen(actions: Any, identity: str) -> Container:
    found: Container = actions.get(identity)
    return found


def _adopt(child: Child) -> None:
    """Let a shim live on without a warning that it does, and reap it when it ends."""
    import threading

    threading.Thread(target=child.wait, name="dockmagic-shim", daemon=True).start()


def _seen_inside(items: list[changes.Written], isolation: Isolation) -> list[changes.Written]:
    """What was written, with the owners that the container sees."""
    if not isolation.uid_map or not isolation.keeps_owners:
        return items
    owners = ((item, isolation.inside(item.uid, item.gid)) for item in items)
    return [msgspec.structs.replace(item, uid=uid, gid=gid) for item, (uid, gid) in owners]
