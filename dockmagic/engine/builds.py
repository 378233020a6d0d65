"""What can be built, and what earlier builds left in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.build.events import ignore_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from dockmagic.build.events import BuildEvent
    from dockmagic.build.prune import Pruned, Usage
    from dockmagic.build.result import Build
    from dockmagic.oci.platforms import Platform
    from dockmagic.rows import CacheRow

    from .ground import Ground
    from .recipe import Recipe

__all__ = ["Builds"]


class Builds:
    """The builds of an engine; get it as ``Engine().builds``."""

    def __init__(self, engine: Ground) -> None:
        self._engine = engine

    def open(
        self,
        context: str = ".",
        *,
        dockerfile: str = "",
        contexts: Mapping[str, str] | None = None,
        stdin: BinaryIO | None = None,
        first_line: int = 1,
    ) -> Recipe:
        """Read a Dockerfile and open its contexts; close what this returns.

        Args:
            context: a folder, the URL of a git repository or a tar, or ``-`` for a tar or a Dockerfile on `stdin`.
            dockerfile: its path; ``-`` is `stdin`; empty for the context's own.
            contexts: named ones: name → folder, URL, ``docker-image://REF``, ``oci-layout://FOLDER``.
            stdin: see above.
            first_line: number of the first line of a Dockerfile on `stdin`, which errors count from.

        Raises:
            DockerfileError: it cannot be understood.
            PathNotFound: there is no such folder or Dockerfile.
            InvalidInput: both are asked for on `stdin`.
        """
        raise NotImplementedError

    def build(
        self,
        context: str = ".",
        *,
        dockerfile: str = "",
        tags: Sequence[str] = (),
        target: str = "",
        build_args: Mapping[str, str | None] | None = None,
        contexts: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        no_cache: bool = False,
        no_cache_filter: Sequence[str] = (),
        pull: bool = False,
        platform: Platform | None = None,
        secrets: Mapping[str, bytes] | None = None,
        network: str = "host",
        outputs: Sequence[str] = (),
        epoch: int | None = None,
        stdin: BinaryIO | None = None,
        on_event: Callable[[BuildEvent], None] = ignore_events,
    ) -> Build:
        """Build an image (``build``).

        Args:
            context: see `open`; so are `dockerfile`, `contexts` and `stdin`.
            dockerfile: its path.
            tags: names for the image.
            target: the stage to build; empty for the last.
            build_args: values for ARG; None takes the environment's.
            contexts: named ones.
            labels: over the Dockerfile's.
            annotations: of the manifest.
            no_cache: use nothing of the cache.
            no_cache_filter: stages that use nothing of it.
            pull: ask registries for newer base images.
            platform: to build for; None for this machine's.
            secrets: for ``RUN --mount=type=secret``, by their IDs.
            network: of RUN, ``host`` or ``none``.
            outputs: where the result goes besides the store, as ``--output`` takes them.
            epoch: seconds for all dates in the image; None for ``SOURCE_DATE_EPOCH``, else the present time.
            stdin: see `open`.
            on_event: hears how it goes; called from several threads, one at a time.

        Raises:
            StepFailed: a step failed.
            DockerfileError: the Dockerfile cannot be understood or followed.
            ImageNotFound: a base image is nowhere.
        """
        raise NotImplementedError

    # The cache

    def usage(self) -> Usage:
        """What the build cache takes (``system df``)."""
        raise NotImplementedError

    def rows(self) -> tuple[CacheRow, ...]:
        """One row per step that the cache knows, most recently used first (``builder du``)."""
        raise NotImplementedError

    def prune(self, *, everything: bool = False, filters: Sequence[str] = (), keep_storage: int = 0) -> Pruned:
        """Forget steps that nothing needs, and what only they keep (``builder prune``).

        Args:
            everything: steps of named images, too.
            filters: ``until=…``.
            keep_storage: bytes of the cache to keep, the most recently used.

        Raises:
            InvalidInput: an unknown filter.
        """
        raise NotImplementedError
