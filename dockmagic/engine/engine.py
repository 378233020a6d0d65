"""The engine as a whole: a home, its images, and the registries."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

from .images import Images

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from dockmagic.store.registry.registries import Registries

__all__ = ["Engine"]


class Engine:
    """Everything that dockmagic can do, for one home.

    Nothing is created before something is written, and no registry is asked before a method says so.

    Args:
        home: the folder that everything is kept in; None for ``$DOCKMAGIC_HOME``, else the user's data folder.
        registries: None for the user's and the system's configuration.
        on_notice: hears one line about a wait or a fallback of a registry.
    """

    def __init__(
        self,
        home: str | os.PathLike[str] | Home | None = None,
        *,
        registries: Registries | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.home = home if isinstance(home, Home) else Home(home)
        self.store = ContentStore(self.home)
        self.images = Images(self)
        self._on_notice = on_notice
        if registries is not None:
            self.registries = registries

    @cached_property
    def registries(self) -> Registries:
        """The registries; an HTTP client is imported with the first use."""
        from dockmagic.store.registry.registries import Registries

        return Registries(on_notice=self._on_notice)

    def close(self) -> None:
        """Close every connection."""
        if "registries" in self.__dict__:
            self.registries.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
