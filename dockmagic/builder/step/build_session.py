"""The session of one build, which its stages share: sources, events, results, the processes of RUN, and its end."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING

import msgspec

from dockmagic.builder.copy.copy_op import image_files
from dockmagic.builder.image.step_commit import scratch
from dockmagic.builder.outcome.events import StepProgress
from dockmagic.dockerfile import Run
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from dockmagic.builder.caching.cache import Cache
    from dockmagic.builder.options import Options
    from dockmagic.builder.outcome.events import BuildEvent, BuildWarned, StepInfo
    from dockmagic.builder.outcome.result import StepResult
    from dockmagic.builder.reading.plan import Origin, Plan, PlannedStage
    from dockmagic.builder.reading.scope import Scope
    from dockmagic.builder.sources.context import Context
    from dockmagic.builder.sources.files import Files
    from dockmagic.image.configuration import Settings
    from dockmagic.image.image import Image
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.oci.spec import Descriptor
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.machine.fork_server import ForkServer
    from dockmagic.runtime.session import Session
    from dockmagic.store.content import ContentStore
    from dockmagic.store.lease import Lease

    from .bases import Bases

__all__ = ["BuildSession", "StageState", "progress"]


class StageState(msgspec.Struct, frozen=True):
    """Where a stage stands.

    Attributes:
        image: so far.
        settings: that its instructions have made, beside its variables.
        scope: its variables, the arguments that a stage hands on among them.
    """

    image: Image
    settings: Settings
    scope: Scope


class BuildSession(msgspec.Struct, kw_only=True):
    """The session of one build, which its stages share.

    Attributes:
        store: where all comes from and goes to.
        plan: what is to be done.
        context: of the build, ignored files left out.
        contexts: the named ones.
        options: the flags.
        cache: of the home.
        bases: images that are asked for.
        keep: the lease that the whole build happens in.
        emit: hears of events; safe from any thread.
        build_id: tells this Dockerfile and context from others, for the explanation of the cache.
        results: of the steps so far, by their numbers.
        stages: how to wait for each that is being built, by index (`StageState`).
        warnings: so far, in the order in which they came.
        renewed: folders of the cache mounts that were begun anew in this build.
    """

    store: ContentStore
    plan: Plan
    context: Context
    contexts: Mapping[str, Context]
    options: Options
    cache: Cache
    bases: Bases
    keep: Lease
    emit: Callable[[BuildEvent], None]
    build_id: str
    results: dict[int, StepResult] = msgspec.field(default_factory=dict)
    stages: dict[int, Callable[[], StageState]] = msgspec.field(default_factory=dict)
    warnings: list[BuildWarned] = msgspec.field(default_factory=list)
    renewed: set[Path] = msgspec.field(default_factory=set)
    _stop: threading.Event = msgspec.field(default_factory=threading.Event)
    _lock: threading.Lock = msgspec.field(default_factory=threading.Lock)
    _running: set[Session] = msgspec.field(default_factory=set)
    _fork_server: ForkServer | None = None
    _remover: ThreadPoolExecutor | None = None
    _removals: list[Future[None]] = msgspec.field(default_factory=list)

    # Processes

    def warm(self) -> None:
        """Start, if there is a RUN, the process that the helpers of all RUNs come from: it takes its time."""
        if self.runs:
            self.fork_server()

    @property
    def runs(self) -> bool:
        """Whether there is a RUN."""
        return any(isinstance(step, Run) for stage in self.plan.stages for step in stage.steps)

    def fork_server(self) -> ForkServer:
        """The process that the helpers of all RUNs come from."""
        with self._lock:
            if self._fork_server is None:
                from dockmagic.runtime.machine.fork_server import ForkServer
                from dockmagic.runtime.machine.tiers import choose

                self._fork_server = ForkServer("runtime.shim.main", *choose(self.store.home).driver.preload)
            return self._fork_server

    def remove(self, container: Container) -> None:
        """Take away the container of a step that is over, while the build goes on: its many small files take time."""
        if self._remover is None:
            from concurrent.futures import ThreadPoolExecutor

            self._remover = ThreadPoolExecutor(1, "dockmagic-remove")
        # The helper that this may need comes from the same fork server.
        self._removals.append(self._remover.submit(copy_context().run, container.remove, force=True))

    def close(self) -> None:
        """Wait until nothing is left of the steps' containers, and let the fork server end.

        Raises:
            DockmagicError: a container could not be removed.
        """
        if self._remover is not None:
            self._remover.shutdown()
        if self._fork_server is not None:
            self._fork_server.close()
        for removal in self._removals:
            removal.result()

    def warn(self, warning: BuildWarned) -> None:
        """Tell of something odd, now and in the result."""
        self.warnings.append(warning)
        self.emit(warning)

    # Stopping

    def stopping(self) -> bool:
        """Whether the build is to end, since a step failed or the user wants it."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raise `InterruptedError` if the build is to end."""
        if self.stopping():
            raise InterruptedError("the build is stopped")

    def stop(self) -> None:
        """End everything that runs, soon; nothing half done is kept."""
        self._stop.set()
        with self._lock:
            for program in self._running:
                program.send_signal(9)

    def watch(self, program: Session) -> None:
        """A program runs that `stop` must end."""
        with self._lock:
            self._running.add(program)
        if self.stopping():
            program.send_signal(9)

    def unwatch(self, program: Session) -> None:
        """It has ended."""
        with self._lock:
            self._running.discard(program)

    # What is asked for

    def ignores_cache(self, stage: PlannedStage) -> bool:
        """Whether the stage is to be done without the cache (``--no-cache``, ``--no-cache-filter``)."""
        filtered = {name.lower() for name in self.options.no_cache_filter}
        return self.options.no_cache or bool({stage.name.lower(), str(stage.index)} & filtered)

    # Where things come from

    def state(self, stage: int) -> StageState:
        """Where a stage stands when it is done; waits for it.

        Raises:
            InterruptedError: it failed, which is its own to tell.
        """
        try:
            return self.stages[stage]()
        except BaseException as error:
            raise InterruptedError("a stage that is needed has failed") from error

    def image(self, origin: Origin, platform: Platform, on_progress: Progress, *, unpack: bool = False) -> Image:
        """The image that a FROM, ``--from`` or mount means, here in the store.

        Args:
            origin: which.
            platform: of it.
            on_progress: hears of what is pulled.
            unpack: a container is to stand on it: unpack its layers while they come.

        Raises:
            ImageNotFound: it is nowhere.
            InvalidInput: a context of files, where an image is needed.
        """
        if origin.kind == "scratch":
            return scratch(self.store, platform)
        if origin.kind == "stage":
            return self.state(origin.stage).image
        if origin.kind == "image":
            return self.bases.bring(origin.name, platform, on_progress, unpack=unpack)
        context = self.contexts[origin.name]
        if not context.image:
            raise InvalidInput(f"the context {origin.name} is no image", hint="Use docker-image://NAME")
        return self.bases.bring(context.image, platform, on_progress, unpack=unpack)

    def files(self, origin: Origin | None, platform: Platform, on_progress: Progress) -> Files:
        """The tree to copy from; None is the build context.

        Raises:
            ImageNotFound: the image is nowhere.
        """
        if origin is None:
            return self.context.files
        if origin.kind == "context" and not self.contexts[origin.name].image:
            return self.contexts[origin.name].files
        label = f"stage {origin.name}" if origin.kind == "stage" else f"image {origin.name}"
        return image_files(self.image(origin, platform, on_progress), label, self.store.home)


def progress(session: BuildSession, info: StepInfo) -> Progress:
    """Tells of transfers that belong to a step, and ends them when the build is to end."""

    def on_progress(desc: Descriptor, status: str, done: int, total: int) -> None:
        session.check()
        session.emit(StepProgress(number=info.number, what=desc.digest.short, status=status, done=done, total=total))

    return on_progress
