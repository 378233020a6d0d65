"""Functions that do one thing with an engine for the user's own home: `pull`, `run`, `build`, `open`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockmagic.builder.outcome.events import ignore_events
from dockmagic.oci.protocols import ignore_progress

from .engine import Engine

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import BinaryIO, Literal, Never, Unpack, overload

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.builder.outcome.result import Build
    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.reference import Reference
    from dockmagic.runtime.completed import Completed
    from dockmagic.runtime.container import Container

    from .options.build import BuildOptions
    from .options.container import ContainerOptions

__all__ = ["build", "open", "pull", "run"]


def pull(
    name: str | Reference,
    *,
    platform: Platform | str | None = None,
    on_progress: Progress = ignore_progress,
    **unknown: Never,
) -> Image:
    """Bring an image here; see `Images.pull`.

    Args:
        name: ``ubuntu``, ``ubuntu:24.04``, ``quay.io/org/app@sha256:…``.
        platform: which one of an index, such as ``linux/arm64``; None for this machine's.
        on_progress: gets the progress of each layer.
        unknown: none; a keyword of another library is answered with ours.
    """
    with Engine() as engine:
        return engine.images.pull(name, platform=platform, on_progress=on_progress, **unknown)


if TYPE_CHECKING:

    @overload
    def run(
        image: Image | str,
        command: str | Sequence[str] | None = None,
        *,
        detach: Literal[False] = False,
        check: bool = False,
        input: bytes | str | None = None,
        timeout: float | None = None,
        on_output: Callable[[int, bytes], None] | None = None,
        **options: Unpack[ContainerOptions],
    ) -> Completed: ...

    @overload
    def run(
        image: Image | str,
        command: str | Sequence[str] | None = None,
        *,
        detach: Literal[True],
        **options: Unpack[ContainerOptions],
    ) -> Container: ...


def run(image: Image | str, command: str | Sequence[str] | None = None, **options: Any) -> Completed | Container:
    """Run a program in a new container; see `Containers.run`.

    Args:
        image: name or `Image`; one that is not here is pulled.
        command: a list, or a text that is split as a shell splits words; None for the image's.
        options: `detach`, `check`, `input`, `timeout`, `on_output`, and docker's long flags (`ContainerOptions`).

    Returns:
        A `Completed` with the program's output and exit code, which is no error unless ``check=True``; with
        ``detach=True`` the running container.
    """
    with Engine() as engine:
        done: Completed | Container = engine.containers.run(image, command, **options)
        return done


def build(
    context: str | os.PathLike[str] | BinaryIO | None = ".",
    *,
    on_event: Callable[[BuildEvent], None] = ignore_events,
    on_progress: Progress = ignore_progress,
    stop: Callable[[], bool] = lambda: False,
    **options: Unpack[BuildOptions],
) -> Build:
    """Build an image from a Dockerfile; see `Builds.build`.

    Args:
        context: a folder, the URL of a git repository or a tar, or a stream with a tar; None for none.
        on_event: gets how it goes.
        on_progress: gets the progress of each blob that is pushed.
        stop: asked now and then; when it returns true the build ends with `InterruptedError`.
        options: docker's long flags, see `BuildOptions`.
    """
    with Engine() as engine:
        return engine.builds.build(context, on_event=on_event, on_progress=on_progress, stop=stop, **options)


def open(  # noqa: A001  (dockmagic.open)
    source: str | os.PathLike[str], *, name: str = "", platform: Platform | str | None = None
) -> Image:
    """An image as it lies in an archive, a layout or a registry; nothing is stored. See `Images.open`.

    Args:
        source: a path, or the name of an image.
        name: which image of an archive; empty if it holds one only.
        platform: which one of an index; None for this machine's.
    """
    return Engine().images.open(source, name=name, platform=platform)
