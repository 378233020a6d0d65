"""What can be done with containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.oci.protocols import ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
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

        return containers(self._engine.store)

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
            filters: ``KEY=VALUE`` with ancestor, before, exited, id, label, name, network, since, status, volume.
            sizes: count the bytes of the writable layer, and those of the image.

        Raises:
            InvalidInput: an unknown filter.
        """
        raise NotImplementedError

    def subject(self, text: str) -> Container | None:
        """The container that a word means where it could be an image too (``diff``, ``export``, ``inspect``).

        ``container:NAME`` and ``image:NAME`` settle a clash.

        Returns:
            None if it means an image.

        Raises:
            Conflict: a container and an image have the name.
            ContainerNotFound: the word says that it is a container.
        """
        raise NotImplementedError

    def inspect(self, container: Container, *, size: bool = False) -> dict[str, Any]:
        """What ``inspect`` says of a container, in docker's form."""
        raise NotImplementedError

    # Life

    def image_for(
        self,
        name: str,
        *,
        pull: str = "missing",
        platform: Platform | None = None,
        on_pull: Callable[[Reference], None] = lambda _: None,
        on_progress: Progress = ignore_progress,
    ) -> Image:
        """The image that a container is to stand on.

        Args:
            name: name or ID.
            pull: ``missing``, ``always`` or ``never``.
            platform: which one; None for this machine's.
            on_pull: hears the name before it is pulled.
            on_progress: hears of each layer.

        Raises:
            ImageNotFound: neither here nor there.
            InvalidInput: `pull` is none of these.
        """
        raise NotImplementedError

    def create(
        self,
        image: Image | str,
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
        network: str = "host",
        tty: bool = False,
        interactive: bool = False,
        read_only: bool = False,
        cap_add: Sequence[str] = (),
        cap_drop: Sequence[str] = (),
        no_new_privileges: bool = False,
        volumes: Sequence[str] = (),
        mounts: Sequence[str] = (),
        tmpfs: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        stop_signal: str = "",
        auto_remove: bool = False,
        shm_size: int = 0,
    ) -> Container:
        """Make a container; it does not run yet (``create``, ``run``).

        Args:
            image: what it stands on; a name means a local image.
            command: replaces the image's ``CMD``.
            image_name: the image as the user wrote it, for ``ps``.
            name: empty to have one made up.
            replace: remove the container that has the name now, running or not.
            env: ``NAME=VALUE``, or ``NAME`` for this process's.
            workdir: empty for the image's.
            user: empty for the image's.
            groups: further groups.
            entrypoint: replaces the image's ``ENTRYPOINT`` and drops its ``CMD``; empty for none at all.
            hostname: empty for the ID's first 12 digits.
            network: ``host`` or ``none``.
            tty: give it a terminal.
            interactive: keep its input open.
            read_only: its root file system is read-only.
            cap_add: capabilities over docker's.
            cap_drop: capabilities to take away.
            no_new_privileges: set-id bits mean nothing.
            volumes: as ``-v`` takes them: ``[SOURCE:]TARGET[:ro]``.
            mounts: as ``--mount`` takes them: ``type=bind,src=…,dst=…``.
            tmpfs: as ``--tmpfs`` takes them: ``TARGET[:OPTIONS]``.
            labels: over the image's.
            stop_signal: empty for the image's, else SIGTERM.
            auto_remove: it goes when its program has ended.
            shm_size: bytes of ``/dev/shm``; 0 for 64 MiB.

        Raises:
            Conflict: the name is taken.
            ImageNotFound: no local image has the name.
            InvalidInput: a flag that means nothing.
            NotSupported: no tier works here, or the image is for another processor.
        """
        raise NotImplementedError

    def rename(self, container: Container, name: str) -> None:
        """Give a container another name.

        Raises:
            Conflict: the name is taken.
            InvalidInput: not a name.
        """
        raise NotImplementedError

    def remove(self, container: Container, *, force: bool = False, volumes: bool = False) -> None:
        """Take a container away with its writable layer (``rm``).

        Args:
            container: which.
            force: kill it if it runs.
            volumes: its anonymous volumes too.

        Raises:
            Conflict: it runs, and `force` is not set.
        """
        raise NotImplementedError

    def prune(self, *, filters: Sequence[str] = ()) -> tuple[tuple[str, ...], int]:
        """Remove every container that does not run: their IDs, and the bytes that came free (``container prune``).

        Args:
            filters: only those that ``until=…`` and ``label=…`` let through.
        """
        raise NotImplementedError

    # The writable layer

    def changes(self, container: Container) -> tuple[WrittenRow, ...]:
        """What a container has done to its image, in docker's letters (``diff CONTAINER``)."""
        raise NotImplementedError

    def commit(
        self,
        container: Container,
        name: str = "",
        *,
        author: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
    ) -> Image:
        """Make an image of a container's image and its writable layer (``commit``).

        Args:
            container: running or not.
            name: of the new image; empty for none.
            author: for the history.
            message: likewise.
            changes: Dockerfile instructions, such as ``CMD ["sh"]``.
            pause: hold a running container still meanwhile.

        Raises:
            InvalidInput: a change that is none.
            InvalidReference: `name` is none.
        """
        raise NotImplementedError

    def export(self, container: Container, out: BinaryIO) -> None:
        """Write the container's whole file system as a tar (``export``)."""
        raise NotImplementedError

    def copy_out(self, container: Container, path: str, target: Path, *, follow: bool, keep_owners: bool) -> int:
        """Copy a file or folder of a container to this machine (``cp CONTAINER:PATH TARGET``).

        Returns:
            The bytes that were copied.

        Raises:
            PathNotFound: it is not there.
        """
        raise NotImplementedError

    def copy_in(self, container: Container, source: Path, path: str, *, follow: bool, keep_owners: bool) -> int:
        """Copy a file or folder of this machine into a container (``cp SOURCE CONTAINER:PATH``).

        Returns:
            The bytes that were copied.

        Raises:
            PathNotFound: the folder is not there.
        """
        raise NotImplementedError

    def processes(self, container: Container) -> tuple[ProcessRow, ...]:
        """The processes of a running container (``top``).

        Raises:
            Conflict: it does not run.
        """
        raise NotImplementedError
