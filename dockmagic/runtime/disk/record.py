"""What is kept of a container on disk: how it was made, and how it goes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DockmagicError, StoreError
from dockmagic.oci.spec import Config, to_json
from dockmagic.runtime.flags.limits import Limits
from dockmagic.runtime.flags.ports import Port  # noqa: TC001  (msgspec reads the annotations)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DamagedRecord", "Mount", "Record", "State", "read_state"]

Status = Literal["created", "running", "paused", "exited", "dead"]
#: No container was made, or ended, after this many seconds since the epoch.
_LATEST = 1 << 35


class Mount(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something of the host, a volume or a tmpfs at a path of the container.

    Attributes:
        type: ``bind`` (a file, folder or socket of the host), ``volume``, ``tmpfs``, ``image`` (a folder of an image),
            ``cache`` (a bind whose folder gets `mode`, `uid` and `gid` when it is first used) or ``secret`` (a file
            of what who starts the container gives, with `mode`, `uid` and `gid`).
        target: absolute path inside.
        source: path on the host; empty for a tmpfs. Of an image: the folder of the unpacked layers.
        name: of the volume.
        read_only: whether it is.
        data: options of the tmpfs.
        anonymous: a volume that nobody named: it goes with its container if that is removed with its volumes.
        no_copy: what the image has at `target` is not copied into the fresh volume.
        subpath: part of the volume or image that is mounted instead of all of it.
        layers: of the image: names of its unpacked layers, topmost first.
        discard: what is written there is lost when the program ends (bind and image).
        make: the folder `source` is made at the start where it is not there (bind).
        mode: permission bits of a cache or a secret.
        uid: owner of a cache or a secret inside.
        gid: likewise.
    """

    type: str
    target: str
    source: str = ""
    name: str = ""
    read_only: bool = False
    data: str = ""
    anonymous: bool = False
    no_copy: bool = False
    subpath: str = ""
    layers: tuple[str, ...] = ()
    discard: bool = False
    make: bool = False
    mode: int = 0
    uid: int = 0
    gid: int = 0


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a container was made.

    Attributes:
        id: 64 hexadecimal digits.
        name: as ``ps`` shows it.
        image: the reference as the user wrote it, for ``ps``.
        manifest: of the image.
        image_id: of the image.
        created: seconds since the epoch.
        layers: folders of the unpacked layers, topmost first.
        layers_folder: where they are.
        isolation: id maps, and what overlay is to do.
        tier: that it was made for.
        argv: the program and its arguments.
        env: NAME=VALUE.
        cwd: working folder inside.
        user: as docker's ``-u``.
        groups: further groups.
        capabilities: mask.
        cap_add: as they were asked for.
        cap_drop: likewise.
        no_new_privs: whether set-id bits mean nothing inside.
        filter: the seccomp filter in base64.
        tty: whether it has a terminal.
        open_stdin: whether its input stays open.
        hostname: inside.
        network: ``host`` or ``none``.
        read_only: whether the root file system is.
        mounts: volumes, folders of the host and tmpfs.
        labels: as given and as the image has them.
        stop_signal: number.
        auto_remove: whether it goes when it ends.
        shm_size: bytes of ``/dev/shm``; 0 for docker's 64 MiB.
        keep_log: whether its output is kept; else only who starts it hears it.
        lease: of the work that will remove it (`dockmagic.store.lease`); empty if it stays until somebody does.
        ports: of this machine that lead into it.
        publish_all: whether `ports` has all that were exposed (``-P``).
        hosts: further lines of ``/etc/hosts``: name and address.
        dns: name servers instead of this machine's.
        dns_search: search domains instead of this machine's.
        limits: how much it may use.
        init: path of the small program on the host that runs as process 1; empty for none.
        stop_timeout: seconds that `Container.stop` waits; None for 10.
        config: what an image made of it says on how to run it.
        damaged: it could not be read, and this is what is left of it; never written.
    """

    id: str
    name: str
    image: str
    manifest: Digest
    image_id: Digest
    created: float
    layers: tuple[str, ...]
    layers_folder: str
    isolation: dict[str, Any]
    tier: str
    argv: tuple[str, ...]
    env: tuple[str, ...]
    cwd: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    capabilities: int = 0
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    no_new_privs: bool = False
    filter: str = ""
    tty: bool = False
    open_stdin: bool = False
    hostname: str = ""
    network: str = "host"
    read_only: bool = False
    mounts: tuple[Mount, ...] = ()
    labels: dict[str, str] = {}
    stop_signal: int = 15
    auto_remove: bool = False
    shm_size: int = 0
    keep_log: bool = True
    lease: str = ""
    ports: tuple[Port, ...] = ()
    publish_all: bool = False
    hosts: tuple[tuple[str, str], ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    limits: Limits = Limits()
    init: str = ""
    stop_timeout: float | None = None
    config: Config = Config()
    damaged: bool = False

    @classmethod
    def load(cls, folder: Path) -> Record:
        """The record of the container in `folder`.

        Raises:
            OSError: there is none.
            DamagedRecord: it cannot be read, or is another's.
        """
        raw = (folder / "config.json").read_bytes()
        try:
            record = msgspec.json.decode(raw, type=cls, dec_hook=_digest)
        except (msgspec.DecodeError, DockmagicError, RecursionError, ValueError):
            record = None
        if record is None or record.id != folder.name or not record.argv or not 0 <= record.created < _LATEST:
            raise DamagedRecord(f"the record of the container {folder.name[:12]} is damaged")
        return record

    @classmethod
    def salvage(cls, folder: Path) -> Record:
        """What is left of a damaged record: enough to see the container, and to remove it."""
        known: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            found = json.loads((folder / "config.json").read_bytes())
            known = found if isinstance(found, dict) else {}
        name, tier, isolation = known.get("name"), known.get("tier"), known.get("isolation")
        return cls(
            id=folder.name,
            name=name if isinstance(name, str) and name and name.isprintable() else folder.name[:12],
            image="<damaged>",
            manifest=_NO_DIGEST,
            image_id=_NO_DIGEST,
            created=folder.stat().st_mtime,
            layers=(),
            layers_folder="",
            isolation=isolation if isinstance(isolation, dict) else {},
            tier=tier if isinstance(tier, str) else "",
            argv=(),
            env=(),
            damaged=True,
        )

    def dump(self) -> bytes:
        """As `load` reads it."""
        return to_json(self)


class DamagedRecord(StoreError):
    """A file that says how a container was made cannot be read."""

    default_hint = "Remove the container: `rm -f NAME`"


_NO_DIGEST = Digest("sha256:" + "0" * 64)


def _digest(kind: type, value: object) -> object:
    if kind is Digest and isinstance(value, str):
        return Digest(value)
    raise NotImplementedError


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a container goes.

    Attributes:
        status: docker's word; ``dead`` where what is known of it is damaged.
        pid: of its first process on the host; 0 if it does not run.
        started: seconds since the epoch; 0 if it never was.
        finished: likewise.
        exit_code: of its program.
        error: why it could not start.
        ports: of this machine that lead into it now.
    """

    status: Status = "created"
    pid: int = 0
    started: float = 0
    finished: float = 0
    exit_code: int = 0
    error: str = ""
    ports: tuple[Port, ...] = ()


_KILLED = 137
_NOBODY = (1 << 22) - 1  # the highest number that a process can have

_Moment = Annotated[float, msgspec.Meta(ge=0, lt=_LATEST)]


class _Noted(msgspec.Struct):
    """What a shim writes down (`dockmagic.runtime.shim.folder`)."""

    started: _Moment
    finished: _Moment | None = None
    pid: Annotated[int, msgspec.Meta(ge=1, lt=1 << 22)] = _NOBODY
    exit_code: int = 0
    error: str = ""
    ports: tuple[Port, ...] = ()


def read_state(folder: Path) -> State:  # noqa: PLR0911  (one return for each way that it may go)
    """The state of the container in `folder`; one whose shim was killed counts as killed itself."""
    try:
        raw = (folder / "state.json").read_bytes()
    except FileNotFoundError:
        return State()
    except OSError as error:
        return State(status="dead", error=f"its state cannot be read: {error.strerror}")
    try:
        known = msgspec.json.decode(raw.rstrip(b"\0"), type=_Noted)
    except (msgspec.DecodeError, RecursionError):
        why = "its state is damaged"
        if _has_shim(folder):  # it can still be ended by its socket
            return State(status="running", pid=_NOBODY, started=(folder / "alive").stat().st_mtime, error=why)
        return State(status="dead", error=why)
    if known.finished is not None:
        return State(
            status="exited" if not known.error else "created",
            started=known.started,
            finished=known.finished,
            exit_code=known.exit_code,
            error=known.error,
        )
    if _has_shim(folder):
        status: Status = "paused" if (folder / "paused").exists() else "running"
        return State(status=status, pid=known.pid, started=known.started, ports=known.ports)
    return State(
        status="exited",
        started=known.started,
        finished=(folder / "state.json").stat().st_mtime,
        exit_code=_KILLED,
        error="",
    )


def _has_shim(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / "alive", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
