"""The containers of an engine: the class that users have."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dockmagic.engine.collection import filter_words
from dockmagic.engine.options import convert
from dockmagic.oci.errors import DockmagicError

from .content import ContainerContent
from .launch import ContainerLauncher
from .programs import ContainerPrograms

if TYPE_CHECKING:
    from dockmagic.engine.collection import Filters
    from dockmagic.runtime.container import Container


__all__ = ["Containers"]


class Containers(ContainerLauncher, ContainerPrograms, ContainerContent):
    """The containers of an engine; get it as ``Engine().containers``.

    What one container can do by itself are the `Container`'s own methods: ``start``, ``attach``, ``exec``, ``kill``,
    ``stop``, ``wait``, ``logs``.
    """

    def rename(self, container: Container, name: str) -> Container:
        """Give a container another name; the container as it is called now.

        Raises:
            Conflict: the name is taken.
            InvalidInput: not a name.
        """
        from dockmagic.runtime.creation import rename

        return self._own(rename(container, convert.text("name", name)))

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
        from dockmagic.engine.folders import folder_size

        from .filters import PRUNE_KEYS, container_filter

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
