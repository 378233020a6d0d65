"""The walk of the plan: stages side by side, each step looked up in the cache or performed, and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .events import ignore_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.dockerfile import Dockerfile
    from dockmagic.oci.reference import Reference
    from dockmagic.store.content import ContentStore

    from .context import Context
    from .events import BuildEvent
    from .options import Options
    from .output import Output
    from .result import Build

__all__ = ["build"]


def build(
    store: ContentStore,
    dockerfile: Dockerfile,
    context: Context,
    options: Options,
    *,
    contexts: Mapping[str, Context] | None = None,
    outputs: tuple[Output, ...] = (),
    registry: Callable[[Reference], ImageSource] | None = None,
    on_event: Callable[[BuildEvent], None] = ignore_events,
    stop: Callable[[], bool] = lambda: False,
) -> Build:
    """Build an image.

    Nothing is named before everything has succeeded. Two builds of the same thing at once share their work.
    KeyboardInterrupt ends the steps that run, and leaves the store whole.

    Args:
        store: where base images are found, and everything is kept.
        dockerfile: parsed.
        context: of the build; opened, and closed by the caller.
        options: the flags.
        contexts: named ones (``--build-context``), opened; a base image as a context has the form that
            `Context` gives it.
        outputs: where the result goes besides; none for the store alone.
        registry: gives the source of a base image, such as `Registries.repository`; None for offline.
        on_event: hears how it goes; called from several threads, one at a time.
        stop: asked now and then; when it returns true the build ends with `InterruptedError`.

    Raises:
        StepFailed: a step failed.
        DockerfileError: the plan is impossible, with its line.
        ImageNotFound: a base image is nowhere.
        NotSupported: a RUN where nothing can run, or for another processor.
        OutOfSpace: the disk is full; nothing is named.
    """
    raise NotImplementedError
