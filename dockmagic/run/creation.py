"""From an image and docker's flags to a container on disk."""

from __future__ import annotations

import base64
import contextlib
import signal
import time
from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci.errors import Conflict, InvalidInput, NotFound, NotSupported
from dockmagic.store.private import FILE_MODE

from . import hosts, mounting
from .container import Container
from .disk import layers, trees
from .disk.authorities import with_authorities
from .disk.leftovers import sweep
from .disk.record import Record
from .flags import naming
from .flags.limits import Limits, hold
from .flags.ports import check_ports
from .granting import grant
from .linux import capabilities, seccomp
from .listing import containers
from .machine.disposal import remove_folders
from .machine.tiers import choose
from .refusals import check_means, losses
from .shim import reaper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.oci.spec import Config
    from dockmagic.store.content import ContentStore

    from .disk.record import Mount
    from .flags.ports import Port

__all__ = ["create", "rename", "signal_number"]

_UNLIMITED = Limits()
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
    replace: bool = False,
    env: Sequence[str] = (),
    workdir: str = "",
    user: str = "",
    groups: Sequence[str] = (),
    entrypoint: str | None = None,
    hostname: str = "",
    network: str = "",
    ports: Sequence[Port] = (),
    exposed: Sequence[str] = (),
    add_hosts: Sequence[tuple[str, str]] = (),
    dns: Sequence[str] = (),
    dns_search: Sequence[str] = (),
    tty: bool = False,
    interactive: bool = False,
    read_only: bool = False,
    cap_add: Sequence[str] = (),
    cap_drop: Sequence[str] = (),
    no_new_privileges: bool = False,
    mounts: Sequence[Mount] = (),
    image_volumes: bool = True,
    certificates: bool = True,
    limits: Limits = _UNLIMITED,
    init: bool = False,
    labels: Mapping[str, str] | None = None,
    stop_signal: str = "",
    stop_timeout: float = 10,
    auto_remove: bool = False,
    keep_log: bool = True,
    lease: str = "",
    shm_size: int = 0,
    cidfile: Path | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Container:
    """Make a container; it does not run yet.

    Args:
        store: where the image is.
        image: what it stands on.
        command: replaces the image's ``CMD``.
        image_name: the image as the user wrote it.
        name: empty to have one made up.
        replace: remove the container that has the name now, running or not.
        env: ``NAME=VALUE``, over the image's.
        workdir: empty for the image's.
        user: empty for the image's.
        groups: further groups.
        entrypoint: replaces the image's ``ENTRYPOINT`` and drops its ``CMD``; empty for none at all.
        hostname: empty for the ID's first 12 digits.
        network: ``host`` or ``none``; empty for the host's, without the rights over it that come with its name.
        ports: of this machine that lead into it; on the host's network it has them anyway.
        exposed: ports besides the image's that its configuration names, as ``80/tcp``.
        add_hosts: further lines of ``/etc/hosts``: name and address, see `hosts.parse_host`.
        dns: name servers instead of this machine's.
        dns_search: search domains instead of this machine's.
        tty: give it a terminal.
        interactive: keep its input open.
        read_only: its root file system is read-only.
        cap_add: capabilities over docker's.
        cap_drop: capabilities to take away.
        no_new_privileges: set-id bits mean nothing.
        mounts: volumes, folders and more, see `mounting`; volumes that are not there yet are made.
        image_volumes: whether the image's ``VOLUME`` folders become anonymous volumes.
        certificates: let it trust this machine's certificate authorities; where its image brings its own, those beside
            them that were added to the machine.
        limits: how much it may use.
        init: put a small program in front that hands on signals and reaps orphans.
        labels: over the image's.
        stop_signal: empty for the image's, else SIGTERM.
        stop_timeout: seconds that ``stop`` waits before it kills.
        auto_remove: it goes when its program has ended, with its anonymous volumes.
        keep_log: keep its output for ``logs`` and ``attach``; else only who starts it hears it.
        lease: name of the lease of the work that will remove it, such as a build's; if that dies first, others do.
        shm_size: bytes of ``/dev/shm``; 0 for 64 MiB.
        cidfile: a file that gets its ID.
        on_notice: hears of each limit that this machine cannot hold, and of what else has no effect here.

    Raises:
        Conflict: the name is taken, or the `cidfile` is there.
        InvalidInput: a flag that means nothing.
        PathNotFound: a folder to be mounted is not there.
        NotSupported: no tier works here, or the image is for another processor.
    """
    config = image.config
    argv = _argv(config.entrypoint or (), config.cmd or (), command, entrypoint)
    if workdir and not workdir.startswith("/"):
        raise InvalidInput(
            f"the working directory '{workdir}' is invalid, it needs to be an absolute path",
            hint=f"Write /{workdir}",
        )
    written, network = network, network or "host"
    if network not in ("host", "none"):
        raise NotSupported(
            f"there is no network {network!r}", hint="Without a daemon there are --network host and --network none"
        )
    if not image.runs_here:
        raise NotSupported(
            f"{image_name or image.id.short} is for {image.platform}, which this machine's processor does not run",
            hint="Pull it for this machine with --platform, or take another image",
        )
    name = name.removeprefix("/")
    if name:
        naming.check(name)
    check_ports(tuple(ports), network)
    for address in dns:
        hosts.check_address(address)
    isolation = choose(store.home)
    sweep(store, isolation)
    check_means(isolation, network=network, read_only=read_only, mounts=mounts, init=init)
    # After what the tier cannot hold: installing a program would not help there.
    helper = reaper.find_reaper() if init else ""
    granted, notices = grant(isolation, cap_add, cap_drop, network=written)
    for notice in (*hold(limits, isolation).notices, *losses(isolation, groups, cap_add), *notices):
        on_notice(notice)
    stopping = signal_number(stop_signal or config.stop_signal or "SIGTERM")
    identity = naming.new_id()
    host = hostname or identity[:12]
    folder = store.home.containers / identity
    for other in containers(store) if name else ():
        if other.name == name:
            if not replace:
                raise _name_taken(other)
            with contextlib.suppress(NotFound):
                other.remove(force=True, volumes=True)
    with (
        _id_file(cidfile, identity),
        # What this container needs has no other user yet: the collector is to leave it alone.
        store.lease([image.digest, image.id, *(layer.descriptor.digest for layer in image.layers)]),
        layers.in_use(store.home),
    ):
        unpacked = trees.ensure(store, isolation, image)
        if certificates and network == "host" and not isolation.copies:
            unpacked = with_authorities(store, isolation, image, unpacked)
        own_volumes = (config.volumes or {}) if image_volumes and isolation.namespaces else ()
        all_mounts = mounting.ready(store, isolation, mounts, own_volumes)
        record = Record(
            id=identity,
            name=name,
            image=image_name or image.id,
            manifest=image.digest,
            image_id=image.id,
            created=time.time(),
            layers=tuple(reversed(unpacked)),
            layers_folder=str(store.home.layers / isolation.form_name),
            isolation=isolation.record(),
            tier=isolation.tier.value,
            argv=(reaper.INSIDE, "--", *argv) if init else argv,
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
            ports=tuple(ports),
            hosts=tuple(add_hosts),
            dns=tuple(dns),
            dns_search=tuple(dns_search),
            read_only=read_only,
            mounts=all_mounts,
            limits=limits,
            init=helper,
            labels={**(config.labels or {}), **(labels or {})},
            stop_signal=stopping,
            stop_timeout=stop_timeout,
            auto_remove=auto_remove,
            keep_log=keep_log,
            lease=lease,
            shm_size=shm_size,
            cap_add=tuple(cap_add),
            cap_drop=tuple(cap_drop),
            config=_config(
                config, command, env, entrypoint, workdir=workdir, user=user, labels=labels or {}, exposed=exposed
            ),
        )
        return _write(store, record, folder)


def _write(store: ContentStore, record: Record, folder: Path) -> Container:
    building = folder.with_name(f".new-{record.id}")
    store.home.make(building)
    try:
        for part in ("upper", "work", "merged", "empty"):
            (building / part).mkdir()
        if record.keep_log:
            (building / "log").touch(FILE_MODE)
        trees.furnish(store, record, building)
        with store.home.lock("containers"):
            taken = {container.name: container for container in containers(store)}
            if record.name in taken:
                raise _name_taken(taken[record.name])  # noqa: TRY301  (what was begun goes away with it)
            record = msgspec.structs.replace(record, name=record.name or naming.invent(taken))
            store.home.write(building / "config.json", record.dump(), durable=False)
            building.rename(folder)
    except BaseException:
        container = Container(store, record)
        remove_folders(container.isolation, [str(building), *container.anonymous_volumes()])
        raise
    return Container(store, record)


def _name_taken(owner: Container) -> Conflict:
    return Conflict(
        f'the container name "/{owner.name}" is already in use by container "{owner.id[:12]}"',
        hint=f"Remove it with rm {owner.name}, give another name, or use --replace",
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
    exposed: Sequence[str],
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
        exposed_ports={**(image.exposed_ports or {}), **{port: {} for port in exposed}} or None,
    )
