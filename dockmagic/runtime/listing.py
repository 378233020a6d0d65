"""Which containers a home has, and which of them a name or ID means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.oci.errors import AmbiguousName, NotFound

from .container import Container
from .disk.references import damaged, records

if TYPE_CHECKING:
    from dockmagic.store.content import ContentStore

__all__ = ["ContainerNotFound", "containers", "find"]

_DIGITS = frozenset("0123456789abcdef")


class ContainerNotFound(NotFound):
    """No container here has this name or ID."""


def containers(store: ContentStore) -> list[Container]:
    """Every container, newest first."""
    found = [Container(store, record) for record in (*(record for _, record in records(store)), *damaged(store))]
    return sorted(found, key=lambda container: -container.record.created)


def find(store: ContentStore, text: str) -> Container:
    """The container that a name, an ID or the beginning of an ID means.

    Raises:
        ContainerNotFound: none.
        AmbiguousName: the beginning fits several.
    """
    everything = containers(store)
    wanted = text.removeprefix("/")
    for container in everything:
        if wanted in (container.name, container.id):
            return container
    fitting = [c for c in everything if wanted and set(wanted) <= _DIGITS and c.id.startswith(wanted)]
    if len(fitting) > 1:
        raise AmbiguousName(f"{text} fits {len(fitting)} containers", hint="Write more of the ID, or the name")
    if not fitting:
        raise ContainerNotFound(f"No such container: {text}", hint="`ps -a` lists them")
    return fitting[0]
