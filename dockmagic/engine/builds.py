"""What can be built, and what earlier builds left in the cache."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic.build.outcome.events import ignore_events
from dockmagic.oci.errors import InvalidInput, PathNotFound
from dockmagic.oci.reference import Reference

from .cleaning import roots
from .filters import moment, named_filters
from .recipe import Recipe, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import BinaryIO

    from dockmagic.build.caching.cache import Record
    from dockmagic.build.caching.prune import Pruned, Usage
    from dockmagic.build.outcome.events import BuildEvent
    from dockmagic.build.outcome.result import Build
    from dockmagic.build.sources.context import Context, DockerfileText
    from dockmagic.oci.platforms import Platform
    from dockmagic.rows import CacheRow
    from dockmagic.store.home import Home

    from .ground import Ground

__all__ = ["Builds", "cache_rows", "source_date_epoch"]


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
        syntax: str = "",
    ) -> Recipe:
        """Read a Dockerfile and open its contexts; close what this returns.

        Args:
            context: a folder, the URL of a git repository or a tar, or ``-`` for a tar or a Dockerfile on `stdin`.
            dockerfile: its path; ``-`` is `stdin`; empty for the context's own.
            contexts: named ones: name → folder, URL, ``docker-image://REF``, ``oci-layout://FOLDER``.
            stdin: see above.
            first_line: number of the first line of a Dockerfile on `stdin`, which errors count from.
            syntax: what ``BUILDKIT_SYNTAX`` asks for, which goes before the Dockerfile's ``# syntax=``.

        Raises:
            DockerfileError: it cannot be understood.
            NotSupported: its ``# syntax=`` asks for another frontend.
            PathNotFound: there is no such folder or Dockerfile.
            InvalidInput: both are asked for on `stdin`.
        """
        from dockmagic.build.sources.context import open_context, open_named
        from dockmagic.oci.dockerfile import parse, refuse_frontend

        if context == dockerfile == "-":
            raise InvalidInput(
                "standard input cannot be both the context and the Dockerfile", hint="Name a folder as the context"
            )
        home = self._engine.home
        opened: list[Context] = [open_context(home, context, stdin=stdin)]
        try:
            text = _dockerfile(home, opened[0], context, dockerfile, stdin)
            line = first_line if "-" in (dockerfile, context) else 1
            with reading(text.text.decode("utf-8", "replace"), name=text.name, first_line=line):
                parsed = parse(text.text, name=text.name, first_line=line)
            if not syntax:
                refuse_frontend(parsed)
            opened[0] = opened[0].ignoring(text.name)
            named: dict[str, Context] = {}
            for name, where in (contexts or {}).items():
                named[name] = open_named(home, name, where)
                opened.append(named[name])
        except BaseException:
            for one in opened:
                one.close()
            raise
        return Recipe(self._engine, parsed, opened[0], named)

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
            DockerfileError: the Dockerfile cannot be understood or followed, or a base image is nowhere.
        """
        from dockmagic.build.options import Options, Secret
        from dockmagic.build.outcome.output import Output

        options = Options(
            tags=tuple(Reference.parse(tag).or_latest() for tag in tags),
            target=target,
            build_args=dict(build_args or {}),
            labels=dict(labels or {}),
            annotations=dict(annotations or {}),
            no_cache=no_cache,
            no_cache_filter=tuple(no_cache_filter),
            pull=pull,
            platform=platform,
            secrets=tuple(Secret(id=name, value=value) for name, value in (secrets or {}).items()),
            network=network,
            epoch=source_date_epoch(build_args or {}) if epoch is None else epoch,
        )
        syntax = options.build_args.get("BUILDKIT_SYNTAX") or ""
        with self.open(context, dockerfile=dockerfile, contexts=contexts, stdin=stdin, syntax=syntax) as recipe:
            return recipe.build(options, outputs=tuple(map(Output.parse, outputs)), on_event=on_event)

    # The cache

    def usage(self) -> Usage:
        """What the build cache takes (``system df``)."""
        from dockmagic.build.caching.prune import usage

        return usage(self._engine.store)

    def rows(self) -> tuple[CacheRow, ...]:
        """One row per step that the cache knows, most recently used first (``builder du``)."""
        return cache_rows(self.usage().records)

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
        from dockmagic.build.caching.prune import prune

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


def cache_rows(records: Iterable[Record]) -> tuple[CacheRow, ...]:
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


def source_date_epoch(build_args: Mapping[str, str | None]) -> int | None:
    """``SOURCE_DATE_EPOCH`` as an argument of the build, else of the environment.

    None if it is not set, or if the argument names what has the date: that is read with the Dockerfile.

    Raises:
        InvalidInput: that of the environment is no number.
    """
    given = build_args.get("SOURCE_DATE_EPOCH")
    text = given or os.environ.get("SOURCE_DATE_EPOCH") or ""
    if not text or (given and not _is_date(given)):
        return None
    if not _is_date(text):
        raise InvalidInput(
            f"SOURCE_DATE_EPOCH is {text[:40]!r}, which is no date",
            hint="Set it to seconds since 1970, such as 1700000000",
        )
    return int(text)


def _dockerfile(home: Home, context: Context, written: str, name: str, stdin: BinaryIO | None) -> DockerfileText:
    if name.startswith(("http://", "https://")):
        from dockmagic.build.sources.context import fetch_dockerfile

        return fetch_dockerfile(home, name)
    if name == "-":
        from dockmagic.build.sources.context import DockerfileText

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
    from dockmagic.build.sources.context import DockerfileText

    return DockerfileText(inside if not inside.startswith("..") else str(path), text)


def _until(filters: Sequence[str]) -> float | None:
    moments = [moment(value).timestamp() for _, value in named_filters(filters, ("until", "unused-for"))]
    return min(moments, default=None)


def _is_date(text: str) -> bool:
    """Whether it is a number of seconds that some year has."""
    return text.isascii() and text.isdecimal() and len(text) <= len("253402300799")
