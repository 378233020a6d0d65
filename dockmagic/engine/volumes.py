"""The volumes of an engine: listed, made, removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dockmagic.docker_py import refuses
from dockmagic.oci.errors import InvalidInput, NotFound

from .collection import Collection, filter_words
from .folders import folder_size
from .images.filters import named_filters
from .options.convert import text
from .options.environment import labels as as_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dockmagic.rows import Rows, VolumeRow
    from dockmagic.runtime.disk.volumes import Volume

    from .collection import Filters
    from .context import EngineContext

__all__ = ["Volumes"]

_FILTERS: Final = ("dangling", "driver", "label", "label!", "name")
_PRUNE_FILTERS: Final = ("label", "label!")


class Volumes(Collection["Volume"]):
    """The volumes of an engine; get it as ``Engine().volumes``."""

    def __init__(self, engine: EngineContext) -> None:
        self._engine = engine

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._engine, "volumes")

    def list(self, *, filters: Filters = ()) -> tuple[Volume, ...]:
        """Every volume, by name.

        Args:
            filters: dangling, driver, label, name.

        Raises:
            InvalidInput: an unknown filter.
        """
        from dockmagic.runtime.disk.volumes import volumes

        if not filters:
            return tuple(volumes(self._engine.home))
        return tuple(self._chosen(filter_words(filters), _FILTERS, self._users()))

    @refuses("Volumes.get")
    def get(self, name: str) -> Volume:
        """The volume of this name.

        Raises:
            NotFound: there is none.
        """
        from dockmagic.runtime.disk.volumes import find_volume

        return find_volume(self._engine.home, name)

    @refuses("Volumes.create")
    def create(self, name: str = "", *, labels: Mapping[str, str] | Sequence[str] | None = None) -> Volume:
        """Make a volume, or find it if it is there; without a name it gets 64 digits (``volume create``).

        Args:
            name: empty for one of 64 digits.
            labels: a mapping, or texts ``NAME=VALUE``.

        Raises:
            InvalidInput: not a name.
        """
        from dockmagic.runtime.disk.volumes import create_volume

        return create_volume(
            self._engine.home, text("name", name), labels=None if labels is None else as_labels("labels", labels)
        )

    def rows(self, *, filters: Filters = (), sizes: bool = False) -> Rows[VolumeRow]:
        """One row per volume, by name (``volume ls``).

        Args:
            filters: ``KEY=VALUE`` with dangling, driver, label, name.
            sizes: count their bytes too.

        Raises:
            InvalidInput: an unknown filter.
        """
        from dockmagic.rows import Rows, VolumeRow

        users = self._users()
        return Rows(
            VolumeRow,
            (
                VolumeRow(
                    name=volume.name,
                    mountpoint=str(volume.path),
                    created_at=datetime.fromtimestamp(volume.created, UTC),
                    labels=tuple(f"{name}={value}" for name, value in volume.labels.items()),
                    links=len(users.get(volume.name, ())),
                    size=folder_size(volume.path)[1] if sizes else None,
                )
                for volume in self._chosen(filter_words(filters), _FILTERS, users)
            ),
        )

    def _chosen(
        self, filters: Sequence[str], keys: tuple[str, ...], users: Mapping[str, Sequence[str]]
    ) -> Sequence[Volume]:
        wanted: dict[str, list[Callable[[Volume], bool]]] = {}
        for key, value in named_filters(filters, keys):
            name = f"{key} {value}" if key.startswith("label") else key
            wanted.setdefault(name, []).append(_test(key, value, users))
        return [volume for volume in self.list() if all(any(test(volume) for test in some) for some in wanted.values())]

    def _users(self) -> Mapping[str, Sequence[str]]:
        """Volume → IDs of the containers that use it."""
        from dockmagic.runtime.disk.references import records

        found: dict[str, list[str]] = {}
        for _, record in records(self._engine.store):
            for mount in record.mounts:
                if mount.type == "volume":
                    found.setdefault(mount.name, []).append(record.id)
        return found

    def remove(self, name: str, *, force: bool = False) -> None:
        """Delete a volume with its files (``volume rm``).

        Args:
            name: of it.
            force: no error if there is none.

        Raises:
            Conflict: a container uses it.
            NotFound: there is none.
        """
        try:
            self._delete(name, self._users().get(name, []))
        except NotFound:
            if not force:
                raise

    def _delete(self, name: str, users: Sequence[str]) -> None:
        from dockmagic.runtime.disk.volumes import remove_volume
        from dockmagic.runtime.machine.removal import remove_folders
        from dockmagic.runtime.machine.tiers import choose

        home = self._engine.home
        remove_folders(choose(home), [str(remove_volume(home, name, users))])

    def prune(self, *, everything: bool = False, filters: Filters = ()) -> tuple[tuple[str, ...], int]:
        """Delete volumes that no container uses (``volume prune``): their names, and the bytes that came free.

        Args:
            everything: those that were given a name, too.
            filters: only those that ``label=…`` lets through.
        """
        users = self._users()
        gone, size = [], 0
        for volume in self._chosen(filter_words(filters), _PRUNE_FILTERS, users):
            if not users.get(volume.name) and (everything or volume.anonymous):
                size += folder_size(volume.path)[1]
                self._delete(volume.name, [])
                gone.append(volume.name)
        return tuple(gone), size

    def inspect(self, name: str) -> dict[str, Any]:
        """What ``volume inspect`` says, in docker's form.

        Raises:
            NotFound: there is none.
        """
        volume = self.get(name)
        return {
            "CreatedAt": f"{datetime.fromtimestamp(volume.created, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "Driver": "local",
            "Labels": volume.labels,
            "Mountpoint": str(volume.path),
            "Name": volume.name,
            "Options": {},
            "Scope": "local",
        }


def _test(key: str, value: str, users: Mapping[str, Sequence[str]]) -> Callable[[Volume], bool]:
    match key:
        case "name":
            return lambda volume: value in volume.name
        case "driver":
            return lambda _: value == "local"
        case "dangling":
            if value not in ("true", "false", "1", "0"):
                raise InvalidInput(f"invalid filter 'dangling={value}'", hint="Write true or false")
            return lambda volume: bool(users.get(volume.name)) is (value in ("false", "0"))
        case _:
            name, equals, wanted = value.partition("=")
            return lambda volume: (
                (name in volume.labels and (not equals or volume.labels[name] == wanted)) is (key == "label")
            )
