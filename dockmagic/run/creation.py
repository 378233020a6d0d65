"""From an image and docker's flags to a container on disk."""

from __future__ import annotations

import base64
import signal
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.errors import Conflict, InvalidInput, NotSupported

from . import capabilities, layers, naming, seccomp
from .container import Container, remove_folders
from .listing import containers
from .record import Record
from .tiers import choose
from .volumes import anonymous_volume

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.image.image import Image
    from dockmagic.oci.spec import Config
    from dockmagic.store.content import ContentStore

    from .record import Mount

__all__ = ["create", "signal_number"]

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def signal_number(text: str) -> int:
    """``TERM``, ``SIGTERM`` or ``15`` as a number.

    Raises:
        InvalidInput: no such signal.
    """
    if text.isdecimal() and 0 < int(text) < signal.NSIG:
        return int(text)
    name = "SIG" + text.upper().removeprefix("SIG")
    try:
        return signal.Signals[name].value
    except KeyError:
        raise InvalidInput(f"there is no signal {text!r}", hint="Write for example SIGTERM or 15") from None


def create(
    store: ContentStore,
    image: Image,
    command: Sequence[str] = (),
    *,
    image_name: str = "",
    name: str = "",
    env: Sequence[str] = (),
    workdir: str = "",
    user: str = "",
    groups: Sequence[str] = (),
    entrypoint: str | None = None,
    hostname: str = "",
    network: str = "host",
    tty: bool = False,
    interactive: bool = False,
    read_only: bool = False,
    cap_add: Sequence[str] = (),
    cap_drop: Sequence[str] = (),
    no_new_privileges: bool = False,
    mounts: Sequence[Mount] = (),
    labels: Mapping[str, str] | None = None,
    stop_signal: str = "",
    auto_remove: bool = False,
    shm_size: int = 0,
) -> Container:
    """Make a container; it does not run yet.

    Args:
        store: where the image is.
        image: what it stands on.
        command: replaces the image's ``CMD``.
        image_name: the image as the user wrote it.
        name: empty to have one made up.
        env: ``NAME=VALUE``, over the image's.
        workdir: empty for the image's.
        user: empty for the image's.
        groups: further groups.
        entrypoint: replaces the image's ``ENTRYPOINT`` and drops its ``CMD``; empty for none at all.
        hostname: empty for the ID's first 12 digits, or this machine's name on its network.
        network: ``host`` or ``none``.
        tty: give it a terminal.
        interactive: keep its input open.
        read_only: its root file system is read-only.
        cap_add: capabilities over docker's.
        cap_drop: capabilities to take away.
        no_new_privileges: set-id bits mean nothing.
        mounts: volumes and folders.
        labels: over the image's.
        stop_signal: empty for the image's, else SIGTERM.
        auto_remove: it goes when its program has ended.
        shm_size: bytes of ``/dev/shm``; 0 for 64 MiB.

    Raises:
        Conflict: the name is taken.
        InvalidInput: a flag that means nothing.
        NotSupported: no tier works here, or the image is for another processor.
    """
    config = image.config
    argv = _argv(config.entrypoint or (), config.cmd or (), command, entrypoint)
    if network not in ("host", "none"):
        raise NotSupported(
            f"there is no network {network!r}", hint="Without a daemon there are --network host and --network none"
        )
    if not image.runs_here:
        raise NotSupported(
            f"{image_name or image.id.short} is for {image.platform}, which this machine's processor does not run",
            hint="Pull it for this machine with --platform, or take another image",
        )
    isolation = choose(store.home)
    unpacked = layers.ensure(store, isolation, image)
    granted = capabilities.choose(cap_add, cap_drop)
    identity = naming.new_id()
    host = hostname or identity[:12]
    all_mounts = [*mounts]
    folder = store.home.containers / identity
    with store.home.lock("containers"):
        taken = {container.name: container for container in containers(store)}
        if name and naming.check(name) in taken:
            raise Conflict(
                f"the name {name} is taken by the container {taken[name].id[:12]}",
                hint=f"Remove it with rm {name}, give another name, or use --replace",
            )
        targets = {mount.target for mount in mounts}
        for path in config.volumes or {}:
            clean = str(PurePosixPath("/", path))
            if clean not in targets:
                all_mounts.append(anonymous_volume(store.home, clean))
        record = Record(
            id=identity,
            name=name or naming.invent(taken),
            image=image_name or image.id,
            manifest=image.digest,
            image_id=image.id,
            created=time.time(),
            layers=tuple(reversed(unpacked)),
            layers_folder=str(store.home.layers / isolation.form_name),
            isolation=isolation.record(),
            tier=isolation.tier.value,
            argv=argv,
            env=_environment(config.env or (), env, host, tty=tty),
            cwd=workdir or config.working_dir or "/",
            user=user or config.user or "",
            groups=tuple(groups),
            capabilities=capabilities.mask(granted),
            no_new_privs=no_new_privileges,
            filter=base64.b64encode(seccomp.compile_filter(granted)).decode(),
            tty=tty,
            open_stdin=interactive,
            hostname=host,
            network=network,
            read_only=read_only,
            mounts=tuple(all_mounts),
            labels={**(config.labels or {}), **(labels or {})},
            stop_signal=signal_number(stop_signal or config.stop_signal or "SIGTERM"),
            auto_remove=auto_remove,
            shm_size=shm_size,
            config=_config(config, command, env, entrypoint, workdir=workdir, user=user, labels=labels or {}),
        )
        building = folder.with_name(f".new-{identity}")
        try:
            for part in ("upper", "work", "merged", "empty"):
                (building / part).mkdir(parents=True)
            (building / "log").touch()
            (building / "config.json").write_bytes(record.dump())
            building.rename(folder)
        except BaseException:
            remove_folders(isolation, [str(building)])
            raise
    return Container(store, record)


def _argv(entry: Sequence[str], cmd: Sequence[str], command: Sequence[str], override: str | None) -> tuple[str, ...]:
    if override is not None:
        entry, cmd = ([override] if override else []), ()
    argv = (*entry, *(command or cmd))
    if not argv:
        raise InvalidInput("the image names no command", hint="Write one after the image's name, such as /bin/sh")
    return argv


def _environment(image: Sequence[str], given: Sequence[str], host: str, *, tty: bool) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for word in (_PATH, f"HOSTNAME={host}", *(("TERM=xterm",) if tty else ()), *image, *given):
        name, _, value = word.partition("=")
        found[name] = value
    return tuple(f"{name}={value}" for name, value in found.items())


def _config(
    image: Config,
    command: Sequence[str],
    env: Sequence[str],
    entrypoint: str | None,
    *,
    workdir: str,
    user: str,
    labels: Mapping[str, str],
) -> Config:
    """The image's configuration with what the flags changed: what docker commits."""
    variables = dict(word.partition("=")[::2] for word in (*(image.env or ()), *env))
    entry, cmd = image.entrypoint, tuple(command) or image.cmd
    if entrypoint is not None:
        entry, cmd = ((entrypoint,) if entrypoint else None), tuple(command) or None
    return msgspec.structs.replace(
        image,
        env=tuple(f"{name}={value}" for name, value in variables.items()) or None,
        entrypoint=entry,
        cmd=cmd,
        working_dir=workdir or image.working_dir,
        user=user or image.user,
        labels={**(image.labels or {}), **labels} or None,
    )
