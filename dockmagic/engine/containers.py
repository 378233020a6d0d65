"""What can be done with containers."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockmagic.oci.errors import Conflict, DockmagicError, InvalidInput, NotFound
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.rows import ContainerRow, ProcessRow, WrittenRow
    from dockmagic.run.container import Container

    from .ground import Ground
    from .images import Images

__all__ = ["Containers"]


class Containers:
    """The containers of an engine; get it as ``Engine().containers``.

    What one container can do by itself are the `Container`'s own methods: ``start``, ``attach``, ``exec``, ``kill``,
    ``stop``, ``wait``, ``logs``.
    """

    def __init__(self, engine: Ground, images: Images) -> None:
        self._engine = engine
        self._images = images

    # What is here

    def all(self) -> list[Container]:
        """Every container, newest first."""
        from dockmagic.run.listing import containers

        return [container for container in containers(self._engine.store) if not self._is_over(container)]

    def _is_over(self, container: Container) -> bool:
        """Whether a container was to go with its end (``run -d --rm``) or with its build, and is gone now."""
        from dockmagic.run.disk.leftovers import is_abandoned

        is_ended = container.record.auto_remove and container.state.status == "exited"
        if not is_ended and not is_abandoned(self._engine.home, container.folder, container.record):
            return False
        with contextlib.suppress(DockmagicError):  # another process does the same
            container.remove(volumes=True)
        return True

    def get(self, name: str) -> Container:
        """The container that a name, an ID or the beginning of one means.

        Raises:
            ContainerNotFound: there is none.
            AmbiguousName: a beginning that fits several.
        """
        from dockmagic.run.listing import find

        return find(self._engine.store, name)

    def rows(
        self, *, everything: bool = False, last: int = 0, filters: Sequence[str] = (), sizes: bool = False
    ) -> tuple[ContainerRow, ...]:
        """One row per container, newest first (``ps``).

        Args:
            everything: those that do not run, too.
            last: only so many of the newest, running or not; 0 for no limit.
            filters: ``KEY=VALUE`` with ancestor, before, exited, expose, health, id, label, name,
                network, publish, since, status, volume.
            sizes: count the bytes of the writable layer, and those of the image.

        Raises:
            InvalidInput: an unknown filter.
        """
        from .container_filters import PS_KEYS, container_filter
        from .container_rows import container_row

        wanted, keys = container_filter(filters, PS_KEYS, find=self.get, image=self._images.get)
        found = [(container, container.state) for container in self.all()]
        if not everything and not last and "status" not in keys:
            found = [(container, state) for container, state in found if state.status in ("running", "paused")]
        found = [pair for pair in found if wanted(*pair)]
        return tuple(
            container_row(container, state, sizes=sizes) for container, state in (found[:last] if last else found)
        )

    def subject(self, text: str) -> Container | None:
        """The container that a word means where it could be an image too (``diff``, ``export``, ``inspect``).

        ``container:NAME`` and ``image:NAME`` settle a clash.

        Returns:
            None if it means an image.

        Raises:
            Conflict: a container and an image have the name.
            ContainerNotFound: the word says that it is a container.
        """
        kind, _, rest = text.partition(":")
        if kind == "container" and rest:
            return self.get(rest)
        if kind == "image" and rest:
            return None
        try:
            found = self.get(text)
        except (NotFound, InvalidInput):
            return None
        try:
            self._images.get(text)
        except (NotFound, InvalidInput):
            return found
        raise Conflict(
            f"{text} is a container and an image", hint=f"Write container:{text} or image:{text} to say which you mean"
        )

    def inspect(self, container: Container, *, size: bool = False) -> dict[str, Any]:
        """What ``inspect`` says of a container, in docker's form; with `size`, how many bytes it has written."""
        from .container_document import container_document

        return container_document(container, size=size)

    # Life

    def create(
        self,
        image: Image | str,
        command: Sequence[str] = (),
        *,
        image_name: str = "",
        name: str = "",
        replace: bool = False,
        env: Sequence[str] = (),
        env_files: Sequence[str] = (),
        workdir: str = "",
        user: str = "",
        groups: Sequence[str] = (),
        entrypoint: str | None = None,
        hostname: str = "",
        network: str = "",
        publish: Sequence[str] = (),
        expose: Sequence[str] = (),
        publish_all: bool = False,
        add_hosts: Sequence[str] = (),
        dns: Sequence[str] = (),
        dns_search: Sequence[str] = (),
        tty: bool = False,
        interactive: bool = False,
        read_only: bool = False,
        cap_add: Sequence[str] = (),
        cap_drop: Sequence[str] = (),
        no_new_privileges: bool = False,
        volumes: Sequence[str] = (),
        volumes_from: Sequence[str] = (),
        mounts: Sequence[str] = (),
        tmpfs: Sequence[str] = (),
        labels: Sequence[str] = (),
        label_files: Sequence[str] = (),
        stop_signal: str = "",
        stop_timeout: float | None = None,
        init: bool = False,
        auto_remove: bool = False,
        memory: str = "",
        cpus: str = "",
        pids: int = 0,
        ulimits: Sequence[str] = (),
        shm_size: str = "",
        cidfile: str = "",
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> Container:
        """Make a container; it does not run yet (``create``, ``run``).

        Args:
            image: what it stands on; a name means a local image.
            command: replaces the image's ``CMD``.
            image_name: the image as the user wrote it, for ``ps``.
            name: empty to have one made up.
            replace: remove the container that has the name now, running or not.
            env: ``NAME=VALUE``, or ``NAME`` for the value that this process has.
            env_files: files with one of these a line; `env` goes before them.
            workdir: empty for the image's.
            user: empty for the image's.
            groups: further groups.
            entrypoint: replaces the image's ``ENTRYPOINT`` and drops its ``CMD``; empty for none at all.
            hostname: empty for the ID's first 12 digits, or this machine's name on its network.
            network: ``host`` or ``none``; empty for the host's, without the rights over it that come with its name.
            publish: as ``-p`` takes them: ``8080:80``.
            expose: as ``--expose`` takes them: ports that `publish_all` means, too, and that a committed image names.
            publish_all: every port that is exposed, at a free one of this machine.
            add_hosts: ``NAME:ADDRESS`` for ``/etc/hosts``.
            dns: name servers instead of this machine's.
            dns_search: search domains instead of this machine's.
            tty: give it a terminal.
            interactive: keep its input open.
            read_only: its root file system is read-only.
            cap_add: capabilities over docker's.
            cap_drop: capabilities to take away.
            no_new_privileges: set-id bits mean nothing.
            volumes: as ``-v`` takes them: ``[SOURCE:]TARGET[:ro]``.
            volumes_from: containers whose volumes and folders it gets too: ``NAME[:ro]``.
            mounts: as ``--mount`` takes them: ``type=bind,src=…,dst=…``.
            tmpfs: as ``--tmpfs`` takes them: ``TARGET[:OPTIONS]``.
            labels: ``NAME=VALUE``, over the image's.
            label_files: files with one of these a line; `labels` go before them.
            stop_signal: empty for the image's, else SIGTERM.
            stop_timeout: seconds that ``stop`` waits; None for 10.
            init: a small process 1 reaps what the program leaves behind, and hands signals on.
            auto_remove: it goes when its program has ended.
            memory: as ``-m`` takes it: ``512m``.
            cpus: as ``--cpus`` takes it: ``1.5``.
            pids: most processes; 0 for no limit.
            ulimits: as ``--ulimit`` takes them: ``nofile=1024:2048``.
            shm_size: of ``/dev/shm``, such as ``64m``.
            cidfile: a file that gets its ID, and is not there yet.
            on_notice: hears of each limit that this machine cannot hold.

        Raises:
            Conflict: the name is taken.
            ImageNotFound: no local image has the name.
            InvalidInput: a flag that means nothing.
            NotSupported: no tier works here, or the image is for another processor.
        """
        from dockmagic.run.creation import create
        from dockmagic.run.flags.ports import parse_exposed
        from dockmagic.run.flags.sizes import parse_size
        from dockmagic.run.hosts import parse_host

        from .container_flags import (
            mounts_from,
            read_environment,
            read_labels,
            read_limits,
            read_mounts,
            read_ports,
        )

        found = self._images.get(image) if isinstance(image, str) else image
        exposed = [port for text in expose for port in parse_exposed(text)]
        return create(
            self._engine.store,
            found,
            command,
            image_name=image_name or (image if isinstance(image, str) else ""),
            name=name,
            replace=replace,
            env=read_environment(env, env_files),
            workdir=workdir,
            user=user,
            groups=groups,
            entrypoint=entrypoint,
            hostname=hostname,
            network=network,
            ports=read_ports(found, publish, exposed, every=publish_all),
            exposed=exposed,
            add_hosts=[parse_host(text) for text in add_hosts],
            dns=dns,
            dns_search=dns_search,
            tty=tty,
            interactive=interactive,
            read_only=read_only,
            cap_add=cap_add,
            cap_drop=cap_drop,
            no_new_privileges=no_new_privileges,
            mounts=[*read_mounts(volumes, mounts, tmpfs), *mounts_from(volumes_from, self.get)],
            limits=read_limits(memory, cpus, pids, ulimits),
            init=init,
            labels=read_labels(labels, label_files),
            stop_signal=stop_signal,
            stop_timeout=10 if stop_timeout is None else stop_timeout,
            auto_remove=auto_remove,
            shm_size=parse_size(shm_size, "--shm-size") if shm_size else 0,
            cidfile=Path(cidfile) if cidfile else None,
            on_notice=on_notice,
        )

    def rename(self, container: Container, name: str) -> Container:
        """Give a container another name; the container as it is called now.

        Raises:
            Conflict: the name is taken.
            InvalidInput: not a name.
        """
        from dockmagic.run.creation import rename

        return rename(container, name)

    def remove(self, container: Container, *, force: bool = False, volumes: bool = False) -> None:
        """Take a container away with its writable layer (``rm``).

        Args:
            container: which.
            force: kill it if it runs.
            volumes: its anonymous volumes too.

        Raises:
            Conflict: it runs, and `force` is not set.
        """
        container.remove(force=force, volumes=volumes)

    def prune(self, *, filters: Sequence[str] = ()) -> tuple[tuple[str, ...], int]:
        """Remove every container that does not run: their IDs, and the bytes that came free (``container prune``).

        Args:
            filters: only those that ``until=…`` and ``label=…`` let through.
        """
        from .container_filters import PRUNE_KEYS, container_filter
        from .folders import folder_size

        wanted, _ = container_filter(filters, PRUNE_KEYS, find=self.get, image=self._images.get)
        gone, size = [], 0
        for container in self.all():
            state = container.state
            if state.status not in ("created", "exited") or not wanted(container, state):
                continue
            size += folder_size(container.folder)[1]
            with contextlib.suppress(DockmagicError):  # it runs again, or another process was quicker
                container.remove()
                gone.append(container.id)
        return tuple(gone), size

    # The writable layer

    def changes(self, container: Container) -> tuple[WrittenRow, ...]:
        """What a container has done to its image, in docker's letters (``diff CONTAINER``)."""
        from .container_rows import written_rows

        return written_rows(container.changes(), container.image)

    def commit(
        self,
        container: Container,
        name: str = "",
        *,
        author: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> Image:
        """Make an image of a container's image and its writable layer (``commit``).

        Args:
            container: running or not.
            name: of the new image; empty for none.
            author: for the history.
            message: likewise.
            changes: Dockerfile instructions, such as ``CMD ["sh"]``.
            pause: hold a running container still meanwhile.
            on_notice: hears of owners that may be wrong because this machine has one user only.

        Raises:
            InvalidInput: a change that is none.
            InvalidReference: `name` is none.
        """
        from dockmagic.run.commit import commit

        ref = Reference.parse(name).or_latest() if name else None
        made = commit(container, ref, author=author, message=message, changes=changes, pause=pause, on_notice=on_notice)
        return self._images.get(made.id)  # with its names

    def export(self, container: Container, out: BinaryIO) -> None:
        """Write a container's file system as a tar: its layers, without volumes (``export``)."""
        from dockmagic.run.transfer import export

        export(container, out)

    def copy_from(
        self,
        container: Container,
        path: str,
        target: str | BinaryIO,
        *,
        follow: bool = False,
        keep_owners: bool = False,
    ) -> int:
        """Copy a file or folder of a container to this machine, where docker would put it (``cp``).

        Args:
            container: running or not.
            path: inside; ``FOLDER/.`` means what is in the folder.
            target: a folder or a new name; a stream gets a tar.
            follow: copy what a link leads to, and not the link.
            keep_owners: owners as inside; else the files are ours.

        Returns:
            The bytes of the archive that was moved.

        Raises:
            PathNotFound: it is not there.
            InvalidInput: a folder would go over a file, or the other way round.
        """
        if isinstance(target, str):
            from dockmagic.run.transfer import copy_to_host

            return copy_to_host(container, path, target, follow=follow, keep_owners=keep_owners)
        from .container_copies import copy_to_stream

        return copy_to_stream(container, path, target, follow=follow)

    def copy_to(
        self,
        container: Container,
        source: str | BinaryIO,
        path: str,
        *,
        follow: bool = False,
        keep_owners: bool = False,
    ) -> int:
        """Copy a file or folder of this machine into a container, where docker would put it (``cp``).

        Args:
            container: running or not.
            source: ``FOLDER/.`` means what is in the folder; of a stream, a tar is unpacked in the folder `path`.
            path: a folder or a new name.
            follow: copy what a link leads to, and not the link.
            keep_owners: owners as here, or as the tar says; else the files are root's.

        Returns:
            The bytes of the archive that was moved.

        Raises:
            PathNotFound: one of them is not there.
            InvalidInput: a folder would go over a file, or the other way round.
        """
        if isinstance(source, str):
            from dockmagic.run.transfer import copy_from_host

            return copy_from_host(container, source, path, follow=follow, keep_owners=keep_owners)
        from .container_copies import copy_from_stream

        return copy_from_stream(container, source, path, keep_owners=keep_owners)

    def processes(self, container: Container) -> tuple[ProcessRow, ...]:
        """The processes of a running container (``top``).

        Raises:
            Conflict: it does not run.
        """
        from .processes import processes

        return processes(container)

    def ps_output(self, container: Container, options: Sequence[str]) -> str:
        """What ps(1) with these options says of the processes of a running container (``top test -o pid,args``).

        Raises:
            Conflict: it does not run.
            InvalidInput: ps does not take the options, or its output has no column PID.
            NotSupported: there is no ps on this machine.
        """
        from .processes import ps_output

        return ps_output(container, options)
