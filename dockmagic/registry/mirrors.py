"""The places that answer for a repository: its mirrors, and the registry itself last."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dockmagic.oci.errors import (
    BlobNotFound,
    ImageNotFound,
    InvalidContent,
    RegistryBlocked,
    RegistryError,
)

from .auth.scopes import pull_scope
from .client.client import RequestContext
from .client.error_response import ErrorTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.oci.errors import (
        DockmagicError,
    )

    from .client.client import RegistryClient
    from .transport.endpoint import Location

__all__ = ["Mirrors", "RegistryEndpoint"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RegistryEndpoint:
    """A location and the client that reaches it."""

    location: Location
    client: RegistryClient


class Mirrors:
    """Asks one place after the other for what is to be read.

    Args:
        name: of the repository, in full.
        domain: the registry's part of it.
        places: mirrors first, the registry itself last.
        on_notice: gets a line about mirrors that fail.

    Attributes:
        home: the registry itself.
    """

    def __init__(
        self, name: str, domain: str, places: tuple[RegistryEndpoint, ...], on_notice: Callable[[str], None]
    ) -> None:
        self._name = name
        self._domain = domain
        self._places = places
        self.home = places[-1]
        self._notice = on_notice
        self._failed: set[RegistryEndpoint] = set()
        self._lock = threading.Lock()

    def by_tag(self) -> list[RegistryEndpoint]:
        """The places that may answer for tags, mirrors first."""
        return [place for place in self._places if place.location.by_tag]

    def reading(self, place: RegistryEndpoint, name: str, kind: str) -> RequestContext:
        """To read at `place`; `name` and `kind` are for errors."""
        repository = place.location.repository
        domain = place.client.endpoint.domain if place.location.mirror else self._domain
        return RequestContext(repository, (pull_scope(repository),), ErrorTarget(domain, name, kind))

    def by_digest(self) -> list[RegistryEndpoint]:
        """The places that may answer for digests, mirrors first."""
        return [place for place in self._places if place.location.by_digest]

    def first(self, ask: Callable[[RegistryEndpoint], _T], places: list[RegistryEndpoint]) -> _T:
        """What the first of `places` answers that can; mirrors that fail are not asked again."""
        if not places:
            raise RegistryBlocked(f"no configured place may answer for {self._name}", hint="See registries.conf")
        for place in places[:-1]:
            if place in self._failed:
                continue
            try:
                return ask(place)
            except (ImageNotFound, BlobNotFound):
                continue  # a mirror need not have everything
            except (RegistryError, InvalidContent) as error:
                self.pass_over(place, error)
        return ask(places[-1])

    def pass_over(self, place: RegistryEndpoint, error: DockmagicError) -> None:
        """Ask the mirror `place` no more, because of `error`."""
        with self._lock:
            known = place in self._failed
            self._failed.add(place)
        if not known:
            self._notice(f"mirror {place.client.endpoint.host}: {error.message}; asking the next")
