"""Find containers: by name, by filter, as rows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

from dockmagic.docker_py import refuses
from dockmagic.engine.collection import Collection, filter_words
from dockmagic.engine.options import convert
from dockmagic.oci.errors import Conflict, DockmagicError, InvalidInput, NotFound
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockmagic.engine.collection import Filters
    from dockmagic.engine.context import EngineContext
    from dockmagic.engine.images.images import Images
    from dockmagic.image.image import Image
    from dockmagic.rows import ContainerRow, Rows
    from dockmagic.runtime.actions import ContainerActions
    from dockmagic.runtime.container import Container
    from dockmagic.runtime.disk.record import State

__all__ = ["ContainerLookup"]


class ContainerLookup(Collection["Container"]):
    """The containers of an engine as they are found: by name, by filter, as rows."""

    def __init__(self, engine: EngineContext, images: Images) -> None:
        self._engine = engine
        self._images = images

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._engine, "containers")

    def _own(self, container: Container) -> Container:
        """Let a container know the engine that it came from."""
        container.actions = cast("ContainerActions", self)  # what users have is a `Containers`, which has them all
        return container

    @refuses("Containers.list")
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
                yield self._own(container)

    def _chosen(self, *, everything: bool, filters: Filters) -> Sequence[tuple[Container, State]]:
        from .filters import PS_KEYS, container_filter

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

    @refuses("Containers.get")
    def get(self, name: str) -> Container:
        """The container that a name, an ID or the beginning of one means.

        Raises:
            ContainerNotFound: there is none.
            AmbiguousName: a beginning that fits several.
        """
        from dockmagic.runtime.listing import find

        return self._own(find(self._engine.store, convert.text("name", name)))

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

        from .rows import container_row

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
        from .document import container_document

        return container_document(container, size=size)


def _is_exact(image: Image, text: str) -> bool:
    """Whether `text` is a name of an image, or its whole ID."""
    if text.removeprefix("sha256:") == image.id.hex:
        return True
    try:
        return Reference.parse(text).or_latest() in image.names
    except InvalidInput:
        return False
