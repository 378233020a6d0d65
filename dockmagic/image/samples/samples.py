"""Samples switched on: their home, and registries that know nothing but them."""

from __future__ import annotations

import shutil
import weakref
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from dockmagic.store.home import Home

from .registry import samples_home, samples_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.store.registry.registries import Registries
    from dockmagic.store.registry.server import RegistryServer

__all__ = ["Samples"]


class Samples:
    """The samples in place of docker.io, without fallback: offline is offline.

    Nothing is made or started before it is needed.

    Args:
        home: the user's own; stand-ins never enter it.
        fresh: begin with nothing pulled, and forget everything at the end.

    Attributes:
        home: where samples are pulled to.
    """

    def __init__(self, home: Home, *, fresh: bool = False) -> None:
        self.home = Home(mkdtemp(prefix="dockmagic-")) if fresh else samples_home(home)
        if fresh:
            weakref.finalize(self, shutil.rmtree, self.home.root, ignore_errors=True)  # at exit, if not before
        self._server: RegistryServer | None = None

    def registries(self, *, on_notice: Callable[[str], None] | None = None) -> Registries:
        """The samples' registry as docker.io, those on loopback as they are, and no others.

        Args:
            on_notice: hears one line about a wait or a fallback.
        """
        from dockmagic.store.registry.configuration import RegistryConfiguration
        from dockmagic.store.registry.registries import Registries

        if self._server is None:
            self._server = samples_registry(self.home).start()
        configuration = RegistryConfiguration.offline({"docker.io": self._server.host})
        return Registries(configuration, on_notice=on_notice)

    def close(self) -> None:
        """Stop the registry; it starts again when it is needed."""
        if self._server is not None:
            self._server.close()
            self._server = None
