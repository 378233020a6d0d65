"""Create and run containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from dockmagic.engine.options import convert
from dockmagic.oci.protocols import ignore_progress

from .lookup import ContainerLookup
from .running import followed_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, Unpack

    from dockmagic.engine.options.container import ContainerOptions
    from dockmagic.image.image import Image
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.runtime.completed import Completed
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.container_spec import ContainerSpec


__all__ = ["ContainerLauncher"]


class ContainerLauncher(ContainerLookup):
    """The calls that make a container."""

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
        fed = followed_input(input, check=check, timeout=timeout, on_output=on_output)
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
        from dockmagic.engine.options.container import container_spec

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

        found = image or self._images.ensure(
            spec.image, pull=spec.pull, platform=spec.platform, on_pull=pulling, on_progress=on_progress
        )
        for ref in pulled:
            on_pulled(ref, found)
        return self._own(create(self._engine.store, found, spec, on_notice=on_notice))
