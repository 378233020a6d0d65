"""The typed request for a container: what every front end hands to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .flags.limits import Limits

if TYPE_CHECKING:
    from dockmagic.oci.platforms import Platform

    from .disk.record import Mount
    from .flags.ports import Port

__all__ = ["ContainerSpec", "VolumesFrom"]


class VolumesFrom(msgspec.Struct, frozen=True):
    """Another container whose folders and volumes are mounted (``--volumes-from``).

    Attributes:
        container: its name or ID.
        read_only: whether they are mounted read-only; None for as they are there.
    """

    container: str
    read_only: bool | None = None


class ContainerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a container is to be. Every value is checked by itself; what depends on the image is checked by `create`.

    Attributes:
        image: name or ID of the image as the user wrote it.
        pull: when the image is pulled: ``missing``, ``always`` or ``never``.
        platform: of the image; None for this machine's.
        command: replaces the image's ``CMD``; empty for the image's.
        entrypoint: replaces the image's ``ENTRYPOINT`` and drops its ``CMD``; empty for none at all, None for the
            image's.
        name: of the container; empty to have one made up.
        replace: remove the container that has the name now, running or not.
        rm: remove the container and its anonymous volumes when its program has ended.
        env: ``NAME=VALUE``, over the image's; ``NAME`` takes the image's away.
        workdir: empty for the image's.
        user: ``USER[:GROUP]``; empty for the image's.
        group_add: further groups.
        hostname: empty for the first 12 digits of the ID, or with `network` ``host`` for this machine's name.
        network: ``host`` or ``none``; empty for the host's, without the rights over it that come with its name.
        ports: of this machine that lead into the container.
        expose: ports besides the image's that its configuration names, as ``80/tcp``.
        publish_all: publish every exposed port at a free port of this machine.
        add_host: further lines of ``/etc/hosts``: name and address.
        dns: name servers instead of this machine's.
        dns_search: search domains instead of this machine's.
        tty: whether the program gets a terminal.
        interactive: whether its input stays open.
        read_only: whether the root file system is read-only.
        cap_add: capabilities besides docker's.
        cap_drop: capabilities to take away.
        no_new_privileges: whether set-id bits mean nothing.
        mounts: folders, files, volumes and tmpfs; volumes that do not exist are created.
        volumes_from: containers whose mounts it gets as well.
        image_volumes: whether the image's ``VOLUME`` folders become anonymous volumes.
        limits: how much the container may use.
        labels: over the image's.
        stop_signal: name or number; empty for the image's, else SIGTERM.
        stop_timeout: seconds that ``stop`` waits before it kills; None for the default, 10.
        init: whether a small program in front forwards signals and reaps orphans.
        shm_size: bytes of ``/dev/shm``; 0 for 64 MiB.
        cidfile: path of a new file that gets the ID; empty for none.
        certificates: whether the container trusts this machine's certificate authorities too.
        keep_log: whether its output is kept for ``logs`` and ``attach``; else only the process that starts it gets it.
        lease: name of the lease of the work that removes the container (`dockmagic.store.lease`); empty for none.
    """

    image: str = ""
    pull: str = "missing"
    platform: Platform | None = None
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    name: str = ""
    replace: bool = False
    rm: bool = False
    env: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    group_add: tuple[str, ...] = ()
    hostname: str = ""
    network: str = ""
    ports: tuple[Port, ...] = ()
    expose: tuple[str, ...] = ()
    publish_all: bool = False
    add_host: tuple[tuple[str, str], ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    tty: bool = False
    interactive: bool = False
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    no_new_privileges: bool = False
    mounts: tuple[Mount, ...] = ()
    volumes_from: tuple[VolumesFrom, ...] = ()
    image_volumes: bool = True
    limits: Limits = Limits()
    labels: dict[str, str] = {}
    stop_signal: str = ""
    stop_timeout: float | None = None
    init: bool = False
    shm_size: int = 0
    cidfile: str = ""
    certificates: bool = True
    keep_log: bool = True
    lease: str = ""
