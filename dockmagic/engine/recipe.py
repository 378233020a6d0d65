"""What a build is made from: a Dockerfile with its contexts, opened and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.build.events import BuildWarned, ignore_events
from dockmagic.oci.errors import ImageNotFound, InvalidInput

from .subject import find_image

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO, Self

    from dockmagic.build.context import Context
    from dockmagic.build.events import BuildEvent
    from dockmagic.build.options import Options
    from dockmagic.build.output import Output
    from dockmagic.build.reproduce import Verdict
    from dockmagic.build.result import Build
    from dockmagic.oci.dockerfile import Dockerfile
    from dockmagic.rows import ArgumentRow, TargetRow, WarningRow

    from .ground import Ground

__all__ = ["Recipe"]


class Recipe:
    """A Dockerfile with its contexts; a context manager, which closes them. Get one with `Builds.open`.

    Attributes:
        dockerfile: parsed.
        context: where COPY and ADD find what they ask for.
        contexts: the named ones.
    """

    def __init__(
        self, engine: Ground, dockerfile: Dockerfile, context: Context, contexts: Mapping[str, Context]
    ) -> None:
        self._engine = engine
        self.dockerfile = dockerfile
        self.context = context
        self.contexts = contexts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the contexts."""
        for context in (self.context, *self.contexts.values()):
            context.close()

    def check(self, options: Options) -> tuple[BuildWarned, ...]:
        """What is odd about the Dockerfile (``build --check``); nothing runs, and no registry is asked."""
        raise NotImplementedError

    def targets(self) -> tuple[TargetRow, ...]:
        """The stages that can be built (``build --call targets``)."""
        raise NotImplementedError

    def outline(self, options: Options) -> tuple[ArgumentRow, ...]:
        """What a build of the target can be given (``build --call outline``)."""
        raise NotImplementedError

    def build(
        self,
        options: Options,
        *,
        outputs: tuple[Output, ...] = (),
        stdout: BinaryIO | None = None,
        on_event: Callable[[BuildEvent], None] = ignore_events,
    ) -> Build:
        """Check and build.

        Args:
            options: the flags.
            outputs: where the result goes besides the store.
            stdout: for outputs that ask for it.
            on_event: hears how it goes, warnings first; called from several threads, one at a time.

        Raises:
            StepFailed: a step failed.
            DockerfileError: the plan is impossible, or ``# check=error=true`` and there are warnings.
            ImageNotFound: a base image is nowhere.
        """
        raise NotImplementedError

    def verify(self, options: Options, *, on_event: Callable[[BuildEvent], None] = ignore_events) -> Verdict:
        """Build twice without the cache, and compare (``build --verify-reproducible``)."""
        raise NotImplementedError
