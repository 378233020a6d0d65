"""Create a container on disk from an image and a `ContainerSpec`."""

from __future__ import annotations

import base64
import contextlib
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dockmagic.linux import capabilities, seccomp
from dockmagic.oci.errors import Conflict, InvalidInput, NotFound, NotSupported
from dockmagic.oci.signals import parse_signal
from dockmagic.store.private import FILE_MODE

from . import hosts, mounting
from .container import Container
from .disk import layers
from .disk.ca_certificates import with_authorities
from .disk.orphans import sweep
from .disk.record import Record
from .flags import naming
from .flags.environment import merge_environment, program_environment
from .flags.limits import hold
from .flags.ports import check_ports, parse_port
from .granted_capabilities import grant
from .listing import containers, find
from .machine.isolation import Isolation
from .machine.removal import remove_folders
from .machine.tiers import choose
from .machine.work import work
from .shim import reaper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockmagic.image.image import Image
    from dockmagic.oci.spec import Config
    from dockmagic.store.content import ContentStore

    from .container_spec import ContainerSpec, VolumesFrom
    from .disk.record import Mount
    from .flags.ports import Port

__all__ = ["create", "rename"]

_HOSTNAME = 64  # sethostname(2)

# What a start writes over.
_GENERATED = ("dev", "proc", "sys", "etc/hostname", "etc/hosts", "etc/resolv.conf")


def create(
    store: ContentStore,
    image: Image,
    spec: ContainerSpec,
    *,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Container:
    """Make a container; it does not run yet.

    Args:
        store: where the image is.
        image: what it stands on.
        spec: what it is to be.
        on_notice: gets a line for each limit that this machine cannot hold, and for what else has no effect here.

    Raises:
        Conflict: the name is taken, or the `cidfile` is there.
        InvalidInput: an option that means nothing for this image.
        PathNotFound: a folder to be mounted is not there.
        NotSupported: no tier works here, or the image is for another processor.
    """
    config = image.config
    argv = _argv(config.entrypoint or (), config.cmd or (), spec.command, spec.entrypoint)
    network = spec.network or "host"
    if spec.workdir and not spec.workdir.startswith("/"):
        raise InvalidInput(
            f"the working directory '{spec.workdir}' is invalid, it needs to be an absolute path",
            hint=f"Write /{spec.workdir}",
        )
    if network not in ("host", "none"):
        raise NotSupported(
            f"there is no network {network!r}", hint="Without a daemon there are --network host and --network none"
        )
    if not image.runs_here:
        raise NotSupported(
            f"{spec.image or image.id.short} is for {image.platform}, which this machine's processor does not run",
            hint="Pull it for this machine with --platform, or take another image",
        )
    name = spec.name.removeprefix("/")
    if name:
        naming.check(name)
    if len(os.fsencode(spec.hostname)) > _HOSTNAME:
        raise InvalidInput(
            f"the hostname is longer than {_HOSTNAME} bytes", hint="Write a shorter one after --hostname"
        )
    ports = _ports(image, spec, on_notice)
    check_ports(ports, network)
    for address in spec.dns:
        hosts.check_address(address)
    for domain in spec.dns_search:
        hosts.check_name(domain, "dns-search")
    if spec.hostname:
        hosts.check_name(spec.hostname, "hostname")
    mounts = mounting.over(_mounts_from(store, spec.volumes_from), spec.mounts)
    isolation = choose(store.home)
    sweep(store, isolation)
    isolation.driver.refuse(network=network, read_only=spec.read_only, mounts=mounts, init=spec.init)
    # After what the tier cannot hold: installing a program would not help there.
    helper = reaper.find_reaper() if spec.init else ""
    granted, notices = grant(isolation, spec.cap_add, spec.cap_drop, network=spec.network)
    unheld = isolation.driver.unheld(groups=spec.group_add, cap_add=spec.cap_add)
    for notice in (*hold(spec.limits, isolation).notices, *unheld, *notices):
        on_notice(notice)
    stopping = parse_signal(spec.stop_signal or config.stop_signal or "SIGTERM")
    identity = naming.new_id()
    host = spec.hostname or (os.uname().nodename if spec.network == "host" else identity[:12])
    folder = store.home.containers / identity
    for other in containers(store) if name else ():
        if other.name == name:
            if not spec.replace:
                raise _name_taken(other)
            with contextlib.suppress(NotFound):
                other.remove(force=True, volumes=True)
    with (
        _id_file(Path(spec.cidfile) if spec.cidfile else None, identity),
        # What this container needs has no other user yet: the collector is to leave it alone.
        store.lease([image.digest, image.id, *(layer.descriptor.digest for layer in image.layers)]),
        layers.in_use(store.home),
    ):
        unpacked = layers.ensure(store, isolation, image)
        if spec.certificates and network == "host" and isolation.snapshots.shares_layers:
            unpacked = with_authorities(store, isolation, image, unpacked)
        if isolation.snapshots.shares_layers and not isolation.keeps_owners:
            from .disk.apt import with_apt_settings

            unpacked = with_apt_settings(store, isolation, unpacked)
        own_volumes = (config.volumes or {}) if spec.image_volumes and isolation.driver.mounts else ()
        record = Record(
            id=identity,
            name=name,
            image=spec.image or image.id,
            manifest=image.digest,
            image_id=image.id,
            created=time.time(),
            layers=tuple(reversed(unpacked)),
            layers_folder=str(store.home.layers / isolation.form_name),
            isolation=isolation.record(),
            tier=isolation.tier,
            argv=(reaper.INSIDE, "--", *argv) if spec.init else argv,
            env=program_environment(config.env or (), spec.env, host, tty=spec.tty),
            cwd=spec.workdir or config.working_dir or "/",
            user=spec.user or config.user or "",
            groups=spec.group_add,
            capabilities=capabilities.mask(granted),
            no_new_privs=spec.no_new_privileges,
            filter=base64.b64encode(seccomp.compile_filter(granted)).decode(),
            tty=spec.tty,
            open_stdin=spec.interactive,
            hostname=host,
            network=network,
            ports=ports,
            publish_all=spec.publish_all,
            hosts=spec.add_host,
            dns=spec.dns,
            dns_search=spec.dns_search,
            read_only=spec.read_only,
            mounts=mounting.ready(store, isolation, mounts, own_volumes),
            limits=spec.limits,
            init=helper,
            labels={**(config.labels or {}), **spec.labels},
            stop_signal=stopping,
            stop_timeout=spec.stop_timeout,
            auto_remove=spec.rm,
            keep_log=spec.keep_log,
            lease=spec.lease,
            shm_size=spec.shm_size,
            cap_add=spec.cap_add,
            cap_drop=spec.cap_drop,
            config=_config(config, spec),
        )
        return _write(store, record, folder, image_volumes=spec.image_volumes)


def _ports(image: Image, spec: ContainerSpec, on_notice: Callable[[str], None]) -> tuple[Port, ...]:
    """The published ports; with `publish_all` those that the image and the request expose, too."""
    found = list(spec.ports)
    for text in dict.fromkeys((*(image.config.exposed_ports or ()), *spec.expose)) if spec.publish_all else ():
        try:
            found += parse_port(text)
        except NotSupported as error:
            on_notice(f"not published: {error.message}")
    return tuple(found)


def _mounts_from(store: ContentStore, others: Sequence[VolumesFrom]) -> Iterator[Mount]:
    """The folders and volumes of other containers (``--volumes-from``)."""
    for other in others:
        for mount in find(store, other.container).record.mounts:
            if mount.type in ("bind", "volume"):
                # It belongs to the other container, and stays when this one goes.
                read_only = mount.read_only if other.read_only is None else other.read_only
                yield msgspec.structs.replace(mount, anonymous=False, read_only=read_only)


def _write(store: ContentStore, record: Record, folder: Path, *, image_volumes: bool) -> Container:
    isolation = Isolation.of(record.tier, record.isolation)
    building = folder.with_name(f".new-{record.id}")
    store.home.make(building)
    try:
        isolation.snapshots.prepare(building, _mode_of_root(record))
        if record.keep_log:
            (building / "log").touch(FILE_MODE)
        if isolation.snapshots.populates:
            _populate(record, isolation, building, image_volumes=image_volumes)
        with store.home.lock("containers"):
            taken = {container.name: container for container in containers(store)}
            if record.name in taken:
                raise _name_taken(taken[record.name])  # noqa: TRY301  (what was begun goes away with it)
            record = msgspec.structs.replace(record, name=record.name or naming.invent(taken))
            store.home.write(building / "config.json", record.dump(), durable=False)
            building.rename(folder)
    except BaseException:
        container = Container(store, record)
        remove_folders(isolation, [str(building), *container.anonymous_volumes()])
        raise
    return Container(store, record)


def _populate(record: Record, isolation: Isolation, folder: Path, *, image_volumes: bool) -> None:
    """Have the new container in `folder` filled; what its image declares as ``VOLUME`` is a change only in a build."""
    # Where nothing can be mounted these are part of the snapshot, but no part of what the container changes.
    apart = [] if isolation.driver.mounts else [*_GENERATED, *((record.config.volumes or {}) if image_volumes else ())]
    lower = Path(record.layers_folder, record.layers[-1])
    work(isolation, "populate", lower=str(lower), folder=str(folder), apart=[path.strip("/") for path in apart])


def _mode_of_root(record: Record) -> int:
    if not record.layers:
        return 0o755
    return stat.S_IMODE((Path(record.layers_folder) / record.layers[0]).stat().st_mode)


def _name_taken(owner: Container) -> Conflict:
    return Conflict(
        f'the container name "/{owner.name}" is already in use by container "{owner.id[:12]}"',
        hint=f"Remove it with `rm {owner.name}`, give another name, or use --replace",
    )


def rename(container: Container, name: str) -> Container:
    """Give a container another name; the container as it is called now.

    Raises:
        Conflict: the name is taken, or is its own.
        InvalidInput: not a name.
    """
    name = name.removeprefix("/")
    naming.check(name)
    store = container.store
    with store.home.lock("containers"):
        for other in containers(store):
            if other.name == name:
                if other.id == container.id:
                    raise Conflict("Renaming a container with the same name as its current name")
                raise _name_taken(other)
        record = msgspec.structs.replace(container.record, name=name)
        store.home.write(container.folder / "config.json", record.dump())
    return Container(store, record)


@contextlib.contextmanager
def _id_file(path: Path | None, identity: str) -> Iterator[None]:
    """Let `path` hold the ID, if all goes well (``--cidfile``)."""
    if path is None:
        yield
        return
    try:
        file = path.open("x")
    except FileExistsError:
        raise Conflict(
            f"container ID file found, make sure the other container isn't running or delete {path}",
            hint="Write another --cidfile",
        ) from None
    except OSError as error:
        raise InvalidInput(
            f"failed to create the container ID file {path}: {error.strerror}",
            hint="Name a file in an existing folder",
        ) from None
    with file:
        try:
            yield
            file.write(identity)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _argv(
    entry: Sequence[str], cmd: Sequence[str], command: Sequence[str], override: Sequence[str] | None
) -> tuple[str, ...]:
    if override is not None:
        entry, cmd = override, ()
    argv = (*entry, *(command or cmd))
    if not argv:
        raise InvalidInput(
            "No command specified", hint="The image names none: write one after its name, such as /bin/sh"
        )
    return argv


def _config(image: Config, spec: ContainerSpec) -> Config:
    """The image's configuration with what the request changed: what docker commits."""
    entry, cmd = image.entrypoint, spec.command or image.cmd
    if spec.entrypoint is not None:
        entry, cmd = spec.entrypoint or None, spec.command or None
    return msgspec.structs.replace(
        image,
        env=merge_environment(image.env or (), spec.env) or None,
        entrypoint=entry,
        cmd=cmd,
        working_dir=spec.workdir or image.working_dir,
        user=spec.user or image.user,
        stop_signal=spec.stop_signal or image.stop_signal,
        labels={**(image.labels or {}), **spec.labels} or None,
        exposed_ports={**(image.exposed_ports or {}), **{port: {} for port in spec.expose}} or None,
    )
