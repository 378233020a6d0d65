"""The home, store and registries that the engine's parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.registry.registries import Registries
    from dockmagic.store.content import ContentStore
    from dockmagic.store.home import Home

__all__ = ["EngineContext"]


class EngineContext(Protocol):
    """A home, its store and the registries, as the `Engine` has them; they change when samples are switched."""

    home: Home
    store: ContentStore
    notice: Callable[[str], None]

    @property
    def registries(self) -> Registries:
        """The registries; an HTTP client is imported with the first use."""
        ...

    @property
    def surgery(self) -> Any:
        """What changes images without a build, and stands on the images."""
        ...

    @property
    def manifests(self) -> Any:
        """The lists of manifests, which stand on the images."""
        ...

    @property
    def builds(self) -> Any:
        """The builds, which stand on the other parts."""
        ...
