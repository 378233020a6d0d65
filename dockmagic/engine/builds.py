"""Build images, and list and prune the build cache."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockmagic.builder.outcome.events import ignore_events
from dockmagic.oci.errors import InvalidInput, PathNotFound
from dockmagic.oci.protocols import ignore_progress

from .cleaning import roots
from .images.filters import moment, named_filters
from .prepared_build import PreparedBuild, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import BinaryIO, Unpack

    from dockmagic.builder.caching.cache import CachedStep
    from dockmagic.builder.caching.prune import Pruned, Usage
    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.builder.outcome.result import Build
    from dockmagic.builder.sources.context import Context, DockerfileText
    from dockmagic.oci.protocols import Progress
    from dockmagic.rows import CacheRow, Rows
    from dockmagic.store.home import Home

    from .build_request import BuildRequest
    from .context import EngineContext
    from .images import Images
    from .options.build import BuildOptions

__all__ = ["Builds", "cache_rows"]


class Builds:
    """The builds of an engine; get it as ``Engine().builds``."""

    def __init__(self, engine: EngineContext, images: Images) -> None:
        self._engine = engine
        self._images = images

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._engine, "builds")

    def open(self, request: BuildRequest) -> PreparedBuild:
        """Read the Dockerfile of a request and open its contexts; close what this returns.

        Raises:
            DockerfileError: it cannot be understood.
            NotSupported: its ``# syntax=`` asks for another frontend.
            PathNotFound: there is no such folder or Dockerfile.
            InvalidInput: both are asked for on `stdin`.
        """
        from dockmagic.builder.sources.context import open_context, open_named
        from dockmagic.dockerfile import parse, refuse_frontend

        context, dockerfile, stdin = request.context, request.dockerfile, request.stdin
        if context == dockerfile == "-":
            raise InvalidInput(
                "standard input cannot be both the context and the Dockerfile", hint="Name a folder as the context"
            )
        home = self._engine.home
        opened: list[Context] = [open_context(home, context, stdin=stdin)]
        try:
            text = _dockerfile(home, opened[0], context, dockerfile, stdin)
            line = request.first_line if "-" in (dockerfile, context) else 1
            with reading(text.text.decode("utf-8", "replace"), name=text.name, first_line=line):
                parsed = parse(text.text, name=text.name, first_line=line)
            if not request.options.build_args.get("BUILDKIT_SYNTAX"):  # which goes before the Dockerfile's # syntax=
                refuse_frontend(parsed)
            opened[0] = opened[0].ignoring(text.name)
            named: dict[str, Context] = {}
            for name, where in request.build_contexts.items():
                named[name] = open_named(home, name, where)
                opened.append(named[name])
        except BaseException:
            for one in opened:
                one.close()
            raise
        return PreparedBuild(self._engine, parsed, opened[0], named)

    def build(
        self,
        context: str | os.PathLike[str] | BinaryIO | None = ".",
        *,
        on_event: Callable[[BuildEvent], None] = ignore_events,
        on_progress: Progress = ignore_progress,
        stop: Callable[[], bool] = lambda: False,
        **options: Unpack[BuildOptions],
    ) -> Build:
        """Build an image (``build``).

        Args:
            context: a folder, the URL of a git repository or a tar, or a stream with a tar; None for a context without
                files, with the Dockerfile as a stream.
            on_event: gets how it goes; called from several threads, one at a time.
            on_progress: gets the progress of each blob that is pushed.
            stop: asked now and then; when it returns true the build ends with `InterruptedError`.
            options: docker's long flags, see `BuildOptions`.

        Raises:
            TypeError: an option that is not known, or a value of a type that does not fit.
            StepFailed: a step failed.
            DockerfileError: the Dockerfile cannot be understood or followed, or a base image is nowhere.
        """
        from .options.build import build_request

        request = build_request(context, options)
        return self.build_from(request, on_event=on_event, on_progress=on_progress, stop=stop)

    def build_from(
        self,
        request: BuildRequest,
        *,
        stdout: BinaryIO | None = None,
        on_event: Callable[[BuildEvent], None] = ignore_events,
        on_progress: Progress = ignore_progress,
        stop: Callable[[], bool] = lambda: False,
    ) -> Build:
        """Build what a request asks for, and push it where it says so.

        Args:
            request: what is to be built.
            stdout: for outputs that ask for it.
            on_event: gets how it goes.
            on_progress: gets the progress of each blob that is pushed.
            stop: asked now and then; when it returns true the build ends with `InterruptedError`.

        Raises:
            DockmagicError: as `build` raises them.
        """
        with self.open(request) as prepared:
            return self.carry_out(
                prepared, request, stdout=stdout, on_event=on_event, on_progress=on_progress, stop=stop
            )

    def carry_out(
        self,
        prepared: PreparedBuild,
        request: BuildRequest,
        *,
        stdout: BinaryIO | None = None,
        on_event: Callable[[BuildEvent], None] = ignore_events,
        on_progress: Progress = ignore_progress,
        stop: Callable[[], bool] = lambda: False,
    ) -> Build:
        """Carry out a build that is prepared; see `build_from`."""
        built = prepared.build(request.options, outputs=request.outputs, stdout=stdout, on_event=on_event, stop=stop)
        for output in request.outputs:
            for name in output.names or built.names if output.push else ():
                self._images.push(name, on_progress=on_progress)
        built.image.actions = self._images
        built.image.names = built.names
        return built

    # The cache

    def usage(self) -> Usage:
        """What the build cache takes (``system df``)."""
        from dockmagic.builder.caching.prune import usage

        return usage(self._engine.store)

    def rows(self) -> Rows[CacheRow]:
        """One row per step that the cache knows, most recently used first (``builder du``)."""
        from dockmagic.rows import CacheRow, Rows

        return Rows(CacheRow, cache_rows(self.usage().records))

    def prune(
        self,
        *,
        everything: bool = False,
        filters: Sequence[str] = (),
        keep_storage: int = 0,
        max_used_space: int = 0,
        min_free_space: int = 0,
    ) -> Pruned:
        """Forget steps that nothing needs, and what only they keep (``builder prune``).

        Args:
            everything: steps of named images, too.
            filters: ``until=…``.
            keep_storage: bytes of the cache to keep, the most recently used.
            max_used_space: bytes that the cache may keep, likewise.
            min_free_space: bytes of the disk that are to be free: the cache keeps what leaves so many, and at least
                `keep_storage`.

        Raises:
            InvalidInput: an unknown filter.
        """
        from dockmagic.builder.caching.prune import prune

        until = _until(filters)
        store = self._engine.store
        kept = max_used_space
        if min_free_space:
            kept = min(kept or sys.maxsize, self._keeping_free(min_free_space))
        return prune(store, all_=everything, until=until, keep_storage=max(kept, keep_storage), roots=roots(store))

    def _keeping_free(self, wanted: int) -> int:
        """How many bytes the cache may keep so that `wanted` bytes of the disk are free, or as many as it can give."""
        disk = os.statvfs(self._engine.home.root)
        excess = wanted - disk.f_bavail * disk.f_frsize
        return max(self.usage().size - excess, 0) if excess > 0 else sys.maxsize


def cache_rows(records: Iterable[CachedStep]) -> tuple[CacheRow, ...]:
    """Records of the cache as rows."""
    from dockmagic.rows import CacheRow

    return tuple(
        CacheRow(
            id=record.key,
            description=record.text,
            size=record.size,
            image_id=record.image_id,
            created_at=datetime.fromtimestamp(record.created, UTC),
            last_used_at=datetime.fromtimestamp(record.used, UTC),
        )
        for record in records
    )


def _dockerfile(home: Home, context: Context, written: str, name: str, stdin: BinaryIO | None) -> DockerfileText:
    if name.startswith(("http://", "https://")):
        from dockmagic.builder.sources.context import fetch_dockerfile

        return fetch_dockerfile(home, name)
    if name == "-":
        from dockmagic.builder.sources.context import DockerfileText

        if stdin is None:
            raise InvalidInput("there is no Dockerfile on standard input", hint="Give one, or name a file with -f")
        return DockerfileText("Dockerfile", stdin.read())
    folder = Path(written).expanduser()
    if not name or not folder.is_dir():
        return context.dockerfile(name)
    # Beside a folder, docker takes the path as the shell would; what is in the folder is named from there.
    path = Path(name).expanduser()
    try:
        text = path.read_bytes()
    except OSError as error:
        raise PathNotFound(
            f"the Dockerfile {name} cannot be read: {error.strerror}", hint="Name it with -f, from the working folder"
        ) from None
    inside = os.path.relpath(path, folder)
    from dockmagic.builder.sources.context import DockerfileText

    return DockerfileText(inside if not inside.startswith("..") else str(path), text)


def _until(filters: Sequence[str]) -> float | None:
    moments = [moment(value).timestamp() for _, value in named_filters(filters, ("until", "unused-for"))]
    return min(moments, default=None)
