"""What can be done with containers."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, overload

from dockmagic.oci.errors import Conflict, DockmagicError, InvalidInput, NotFound
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference

from .collection import Collection, filter_words
from .options import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import PurePath
    from typing import BinaryIO, Literal, Unpack

    from dockmagic.image.image import Image
    from dockmagic.oci.protocols import Progress
    from dockmagic.rows import ContainerRow, ProcessRow, Rows, WrittenRow
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.container_spec import ContainerSpec
    from dockmagic.runtime.disk.record import State

    from .collection import Filters
    from .completed import Completed
    from .context import EngineContext
    from .images import Images
    from .options.container import ContainerOptions

__all__ = ["Containers"]


class Containers(Collection["Container"]):
    """The containers of an engine; get it as ``Engine().containers``.

    What one container can do by itself are the `Container`'s own methods: ``start``, ``attach``, ``exec``, ``kill``,
    ``stop``, ``wait``, ``logs``.
    """

    def __init__(self, engine: EngineContext, images: Images) -> None:
        self._engine = engine
        self._images = images

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._engine, "containers")

    # What is here

    def list(self, *, all: bool = True, filters: Filters = ()) -> tuple[Container, ...]:  # noqa: A002  (docker's flag)
        """The containers, newest first.

        Args:
            all: stopped ones, too; with False those that run.
            filters: as `rows` takes them.

        Raises:
            InvalidInput: an unknown filter.
        """
        return tuple(container for container, _ in self._chosen(everything=all, filters=filters))

    def _present(self) -> Iterator[Container]:
        from dockmagic.runtime.listing import containers

        for container in containers(self._engine.store):
            if not self._is_over(container):
                container.actions = self
                yield container

    def _chosen(self, *, everything: bool, filters: Filters) -> Sequence[tuple[Container, State]]:
        from .container_filters import PS_KEYS, container_filter

        wanted, keys = container_filter(filter_words(filters), PS_KEYS, find=self.get, image=self._images.get)
        found = [(container, container.state) for container in self._present()]
        if not everything and "status" not in keys:
            found = [(container, state) for container, state in found if state.status in ("running", "paused")]
        return [pair for pair in found if wanted(*pair)]

    def _is_over(self, container: Container) -> bool:
        """Whether a container was to go with its end (``run -d --rm``) or with its build, and is gone now."""
        from dockmagic.runtime.disk.orphans import is_abandoned

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
        from dockmagic.runtime.listing import find

        found = find(self._engine.store, convert.text("name", name))
        found.actions = self
        return found

    def rows(
        self, *, everything: bool = False, last: int = 0, filters: Filters = (), sizes: bool = False
    ) -> Rows[ContainerRow]:
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
        from dockmagic.rows import ContainerRow, Rows

        from .container_rows import container_row

        found = self._chosen(everything=everything or bool(last), filters=filters)
        return Rows(
            ContainerRow,
            (container_row(container, state, sizes=sizes) for container, state in (found[:last] if last else found)),
        )

    def subject(self, text: str) -> Container | None:
        """The container that a word means where it could be an image too (``diff``, ``export``, ``inspect``).

        ``container:NAME`` and ``image:NAME`` settle a clash.

        Returns:
            None if it means an image.

        Raises:
            Conflict: a container and an image have the name, or IDs that begin so.
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
            image = self._images.get(text)
        except (NotFound, InvalidInput):
            return found
        # A whole name or ID says more than the beginning of an ID.
        exact = text.removeprefix("/") in (found.name, found.id)
        if exact != _is_exact(image, text):
            return found if exact else None
        raise Conflict(
            f"{text} is a container and an image", hint=f"Write container:{text} or image:{text} to say which you mean"
        )

    def image_of(self, container: Container) -> Image:
        """The image that a container stands on, with its names."""
        return self._images.by_manifest(container.record.manifest)

    def inspect(self, container: Container, *, size: bool = False) -> dict[str, Any]:
        """What ``inspect`` says of a container, in docker's form; with `size`, how many bytes it has written."""
        from .container_document import container_document

        return container_document(container, size=size)

    # Life

    def create(
        self,
        image: Image | str,
        command: str | Sequence[str] | None = None,
        *,
        on_notice: Callable[[str], None] = lambda _: None,
        on_progress: Progress = ignore_progress,
        **options: Unpack[ContainerOptions],
    ) -> Container:
        """Make a container; it does not run yet (``create``).

        Args:
            image: what it stands on; a name that is not here is pulled (see `pull` among the options).
            command: replaces the image's ``CMD``: a list, or a text that is split as a shell splits words.
            on_notice: gets a line for each limit that this machine cannot hold.
            on_progress: gets the progress of each layer that is pulled.
            options: docker's long flags, see `ContainerOptions`.

        Raises:
            TypeError: an option that is not known, or a value of a type that does not fit.
            Conflict: the name is taken.
            ImageNotFound: there is no such image here or in its registry.
            InvalidInput: an option that means nothing.
            NotSupported: no tier works here, or the image is for another processor.
        """
        found, spec = self._request("create", image, command, options)
        container = self.create_from(spec, found, on_notice=on_notice, on_progress=on_progress)
        container.make_workdir()
        return container

    @overload
    def run(
        self,
        image: Image | str,
        command: str | Sequence[str] | None = None,
        *,
        detach: Literal[False] = False,
        check: bool = False,
        input: bytes | str | None = None,
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
        on_notice: Callable[[str], None] = lambda _: None,
        on_progress: Progress = ignore_progress,
        **options: Unpack[ContainerOptions],
    ) -> Completed: ...

    @overload
    def run(
        self,
        image: Image | str,
        command: str | Sequence[str] | None = None,
        *,
        detach: Literal[True],
        on_notice: Callable[[str], None] = lambda _: None,
        on_progress: Progress = ignore_progress,
        **options: Unpack[ContainerOptions],
    ) -> Container: ...

    def run(
        self,
        image: Image | str,
        command: str | Sequence[str] | None = None,
        *,
        detach: bool = False,
        check: bool = False,
        input: bytes | str | None = None,  # noqa: A002
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
        on_notice: Callable[[str], None] = lambda _: None,
        on_progress: Progress = ignore_progress,
        **options: Unpack[ContainerOptions],
    ) -> Completed | Container:
        """Run a program in a new container (``run``).

        Args:
            image: what it stands on; a name that is not here is pulled.
            command: replaces the image's ``CMD``: a list, or a text that is split as a shell splits words.
            detach: let it run, and return the container; it outlives this process.
            check: raise `CommandFailed` if the exit code is not 0.
            input: what the program reads; a text is encoded as UTF-8.
            timeout: seconds until the program is killed; None for no limit.
            on_output: gets 1 or 2 for the stream, and the bytes, as they are written.
            on_notice: gets a line for each limit that this machine cannot hold.
            on_progress: gets the progress of each layer that is pulled.
            options: docker's long flags, see `ContainerOptions`.

        Returns:
            With `detach` the running container. Else the program's output and exit code: another exit code than 0 is
            no error unless `check` is set. The container stays until it is removed, unless ``rm=True``.

        Raises:
            CommandFailed: the exit code is not 0, and `check` is set.
            TimeExceeded: the program was killed after `timeout` seconds.
            CannotStart: the program is not there, or cannot be executed.
            DockmagicError: as `create` raises them.
        """
        from dockmagic.runtime.machine.helper import ahead

        from .running import detached, finished

        convert.switch("detach", detach)
        fed = _followed(input, check=check, timeout=timeout, on_output=on_output)
        if fed is not None:
            if detach:
                raise TypeError("run() takes no input with detach=True: feed it with Container.attach")
            options["interactive"] = True
        if detach and (check or timeout is not None or on_output is not None):
            raise TypeError("run() takes no check, timeout or on_output with detach=True: it does not wait")
        found, spec = self._request("run", image, command, options)
        with ahead("runtime.shim.main"):
            container = self.create_from(spec, found, on_notice=on_notice, on_progress=on_progress)
            if detach:
                return detached(container)
            done = finished(container, stdin=fed, timeout=timeout, on_output=on_output)
        return done.check() if check else done

    def _request(
        self, call: str, image: Image | str, command: str | Sequence[str] | None, options: ContainerOptions
    ) -> tuple[Image | None, ContainerSpec]:
        from .options.container import container_spec

        if isinstance(image, str):
            return None, container_spec(image, command, options, call=call)
        if not hasattr(image, "manifest"):
            raise convert.unfit("image", image, "a name or an Image")
        name = image.names[0].familiar if image.names else str(image.id)
        return image, container_spec(name, command, options, call=call)

    def create_from(
        self,
        spec: ContainerSpec,
        image: Image | None = None,
        *,
        on_notice: Callable[[str], None] = lambda _: None,
        on_pull: Callable[[Reference], None] = lambda _: None,
        on_pulled: Callable[[Reference, Image], None] = lambda _ref, _image: None,
        on_progress: Progress = ignore_progress,
    ) -> Container:
        """Make the container of a request, and pull its image where that is missing.

        Args:
            spec: what it is to be.
            image: what it stands on; None to find, or pull, the one that the request names.
            on_notice: gets a line for each limit that this machine cannot hold.
            on_pull: gets the name before an image is pulled.
            on_pulled: gets the name and the image after it was pulled.
            on_progress: gets the progress of each layer that is pulled.

        Raises:
            DockmagicError: as `create` raises them.
        """
        from dockmagic.runtime.creation import create

        pulled: list[Reference] = []

        def pulling(ref: Reference) -> None:
            pulled.append(ref)
            on_pull(ref)

        found = image or self._images.obtain(
            spec.image, pull=spec.pull, platform=spec.platform, on_pull=pulling, on_progress=on_progress
        )
        for ref in pulled:
            on_pulled(ref, found)
        made = create(self._engine.store, found, spec, on_notice=on_notice)
        made.actions = self
        return made

    def rename(self, container: Container, name: str) -> Container:
        """Give a container another name; the container as it is called now.

        Raises:
            Conflict: the name is taken.
            InvalidInput: not a name.
        """
        from dockmagic.runtime.creation import rename

        found = rename(container, convert.text("name", name))
        found.actions = self
        return found

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

    def prune(self, *, filters: Filters = ()) -> tuple[tuple[str, ...], int]:
        """Remove every container that does not run: their IDs, and the bytes that came free (``container prune``).

        Args:
            filters: only those that ``until=…`` and ``label=…`` let through.
        """
        from .container_filters import PRUNE_KEYS, container_filter
        from .folders import folder_size

        wanted, _ = container_filter(filter_words(filters), PRUNE_KEYS, find=self.get, image=self._images.get)
        gone, size = [], 0
        for container in self._present():
            state = container.state
            if state.status not in ("created", "exited") or not wanted(container, state):
                continue
            size += folder_size(container.folder)[1]
            with contextlib.suppress(DockmagicError):  # it runs again, or another process was quicker
                container.remove()
                gone.append(container.id)
        return tuple(gone), size

    # The writable layer

    def changes(self, container: Container) -> Rows[WrittenRow]:
        """What a container has done to its image, in docker's letters (``diff CONTAINER``)."""
        from dockmagic.rows import Rows, WrittenRow

        from .container_rows import written_rows

        return Rows(WrittenRow, written_rows(container.changes(), container.image))

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
        from dockmagic.runtime.commit import commit

        ref = Reference.parse(name).or_latest() if name else None
        made = commit(container, ref, author=author, message=message, changes=changes, pause=pause, on_notice=on_notice)
        return self._images.get(made.id)  # with its names

    def export(self, container: Container, out: BinaryIO) -> None:
        """Write a container's file system as a tar: its layers, without volumes (``export``)."""
        from dockmagic.runtime.transfer import export

        export(container, out)

    def copy_from(
        self,
        container: Container,
        path: str,
        target: str | os.PathLike[str] | BinaryIO,
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
        if isinstance(target, (str, os.PathLike)):
            from dockmagic.runtime.transfer import copy_to_host

            return copy_to_host(container, path, convert.path("target", target), follow=follow, keep_owners=keep_owners)
        from .container_copies import copy_to_stream

        return copy_to_stream(container, path, target, follow=follow)

    def copy_to(
        self,
        container: Container,
        source: str | os.PathLike[str] | BinaryIO,
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
        if isinstance(source, (str, os.PathLike)):
            from dockmagic.runtime.transfer import copy_from_host

            return copy_from_host(
                container, convert.path("source", source), path, follow=follow, keep_owners=keep_owners
            )
        from .container_copies import copy_from_stream

        return copy_from_stream(container, source, path, keep_owners=keep_owners)

    def execute(
        self,
        container: Container,
        command: str | Sequence[str],
        *,
        env: Mapping[str, Any] | Sequence[str] = (),
        workdir: str | PurePath = "",
        user: str | int = "",
        check: bool = False,
        input: bytes | str | None = None,  # noqa: A002  (as in subprocess.run)
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
    ) -> Completed:
        """Run one more program in a running container, and wait for its end (``exec``).

        Args:
            container: that runs.
            command: a list, or a text that is split as a shell splits words.
            env: over the container's: a mapping, or texts ``NAME=VALUE``.
            workdir: empty for the container's.
            user: empty for the container's.
            check: raise `CommandFailed` if the exit code is not 0.
            input: what the program reads; a text is encoded as UTF-8.
            timeout: seconds until the program is killed; None for no limit.
            on_output: gets 1 or 2 for the stream, and the bytes, as they are written.

        Raises:
            Conflict: the container does not run.
            CannotStart: no such program, folder or user.
            CommandFailed: the exit code is not 0, and `check` is set.
            TimeExceeded: the program was killed after `timeout` seconds.
        """
        from .options.environment import env as read_env
        from .running import complete

        argv = convert.argv("command", command)
        fed = _followed(input, check=check, timeout=timeout, on_output=on_output)
        session = container.exec(
            argv,
            env=read_env("env", env),
            cwd=convert.path("workdir", workdir),
            user=convert.identity("user", user),
            stdin=fed is not None,
        )
        done = complete(session, argv, stdin=fed, timeout=timeout, on_output=on_output)
        return done.check() if check else done

    def processes(self, container: Container) -> Rows[ProcessRow]:
        """The processes of a running container (``top``).

        Raises:
            Conflict: it does not run.
        """
        from dockmagic.rows import ProcessRow, Rows

        from .processes import processes

        return Rows(ProcessRow, processes(container))

    def ps_output(self, container: Container, options: Sequence[str]) -> str:
        """What ps(1) with these options says of the processes of a running container (``top test -o pid,args``).

        Raises:
            Conflict: it does not run.
            InvalidInput: ps does not take the options, or its output has no column PID.
            NotSupported: there is no ps on this machine.
        """
        from .processes import ps_output

        return ps_output(container, options)


def _is_exact(image: Image, text: str) -> bool:
    """Whether `text` is a name of an image, or its whole ID."""
    from dockmagic.oci.reference import Reference

    if text.removeprefix("sha256:") == image.id.hex:
        return True
    try:
        return Reference.parse(text).or_latest() in image.names
    except InvalidInput:
        return False


def _followed(fed: object, *, check: object, timeout: object, on_output: object) -> bytes | None:
    """The input of a program, after what else says how it is followed was found to fit."""
    convert.switch("check", check)
    if timeout is not None and convert.seconds("timeout", timeout) < 0:
        raise InvalidInput(f"timeout is negative: {timeout}", hint="Leave it out for no limit")
    if on_output is not None and not callable(on_output):
        raise convert.unfit("on_output", on_output, "a function of a stream and bytes")
    return _fed(fed)


def _fed(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, (bytearray, memoryview)):
        raise convert.unfit("input", value, "bytes or a str")
    return bytes(value)
