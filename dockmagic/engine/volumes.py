"""What can be done with volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockmagic.rows import VolumeRow
    from dockmagic.run.volumes import Volume

    from .ground import Ground

__all__ = ["Volumes"]

_FILTERS = ("dangling", "driver", "label", "name")


class Volumes:
    """The volumes of an engine; get it as ``Engine().volumes``."""

    def __init__(self, engine: Ground) -> None:
        self._engine = engine

    def all(self) -> list[Volume]:
        """Every volume, by name."""
        from dockmagic.run.volumes import volumes

        return volumes(self._engine.home)

    def get(self, name: str) -> Volume:
        """The volume of this name.

        Raises:
            NotFound: there is none.
        """
        from dockmagic.run.volumes import find_volume

        return find_volume(self._engine.home, name)

    def create(self, name: str = "", *, labels: Mapping[str, str] | None = None) -> Volume:
        """Make a volume, or find it if it is there; without a name it gets 64 digits (``volume create``).

        Raises:
            InvalidInput: not a name.
        """
        raise NotImplementedError

    def rows(self, *, filters: Sequence[str] = (), sizes: bool = False) -> tuple[VolumeRow, ...]:
        """One row per volume, by name (``volume ls``).

        Args:
            filters: ``KEY=VALUE`` with dangling, driver, label, name.
            sizes: count their bytes too.

        Raises:
            InvalidInput: an unknown filter.
        """
        raise NotImplementedError

    def users(self, name: str) -> list[str]:
        """Names of the containers that use a volume, running or not."""
        raise NotImplementedError

    def remove(self, name: str, *, force: bool = False) -> None:
        """Delete a volume with its files (``volume rm``).

        Args:
            name: of it.
            force: no error if there is none.

        Raises:
            Conflict: a container uses it.
            NotFound: there is none.
        """
        raise NotImplementedError

    def prune(self, *, everything: bool = False, filters: Sequence[str] = ()) -> tuple[tuple[str, ...], int]:
        """Delete volumes that no container uses (``volume prune``): their names, and the bytes that came free.

        Args:
            everything: those that were given a name, too.
            filters: only those that ``label=…`` lets through.
        """
        raise NotImplementedError

    def inspect(self, name: str) -> dict[str, Any]:
        """What ``volume inspect`` says, in docker's form.

        Raises:
            NotFound: there is none.
        """
        raise NotImplementedError
