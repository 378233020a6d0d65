"""What is kept of a container on disk: how it was made, and how it goes."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dockmagic.oci.digest import Digest
from dockmagic.oci.spec import Config, to_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mount", "Record", "State", "read_state"]

Status = Literal["created", "running", "exited"]


class Mount(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something of the host, a volume or a tmpfs at a path of the container.

    Attributes:
        type: ``bind``, ``volume`` or ``tmpfs``.
        target: absolute path inside.
        source: path on the host; empty for a tmpfs.
        name: of the volume.
        read_only: whether it is.
        data: options of the tmpfs.
        anonymous: a volume that nobody named: it goes with its container.
    """

    type: str
    target: str
    source: str = ""
    name: str = ""
    read_only: bool = False
    data: str = ""
    anonymous: bool = False


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
        config: what an image made of it says on how to run it.
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
    config: Config = Config()

    @classmethod
    def load(cls, folder: Path) -> Record:
        """The record of the container in `folder`.

        Raises:
            OSError: there is none.
            msgspec.DecodeError: it is damaged.
        """
        return msgspec.json.decode((folder / "config.json").read_bytes(), type=cls, dec_hook=_digest)

    def dump(self) -> bytes:
        """As `load` reads it."""
        return to_json(self)


def _digest(kind: type, value: object) -> object:
    if kind is Digest and isinstance(value, str):
        return Digest(value)
    raise NotImplementedError


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a container goes.

    Attributes:
        status: docker's word.
        pid: of its first process on the host; 0 if it does not run.
        started: seconds since the epoch; 0 if it never was.
        finished: likewise.
        exit_code: of its program.
        error: why it could not start.
    """

    status: Status = "created"
    pid: int = 0
    started: float = 0
    finished: float = 0
    exit_code: int = 0
    error: str = ""


_KILLED = 137


def read_state(folder: Path) -> State:
    """The state of the container in `folder`; one whose shim was killed counts as killed itself."""
    try:
        known: dict[str, Any] = json.loads((folder / "state.json").read_bytes())
    except FileNotFoundError:
        return State()
    if "finished" in known:
        return State(
            status="exited" if not known.get("error") else "created",
            started=known["started"],
            finished=known["finished"],
            exit_code=known["exit_code"],
            error=known.get("error", ""),
        )
    if _has_shim(folder):
        return State(status="running", pid=known["pid"], started=known["started"])
    return State(
        status="exited",
        started=known["started"],
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
