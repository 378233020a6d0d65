"""Samples switched on: their home, and registries that know nothing but them."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.store.home import Home
from dockmagic.store.lock import lock, try_lock

from .registry import samples_home, samples_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.registry.registries import Registries
    from dockmagic.registry.server import RegistryServer

__all__ = ["Samples"]

_PREFIX: Final = "dockmagic-samples-"
# Locked by the process that a fresh home belongs to, as long as it lives.
_OWNER: Final = "owner"


def _remove(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)


class Samples:
    """The samples in place of docker.io, without fallback: offline is offline.

    Nothing is made or started before it is needed.

    Args:
        home: the user's own; stand-ins never enter it.
        fresh: begin with nothing pulled, and forget everything at the end.
        forget: removes a home; whoever keeps more in it than files of this user brings one that can.

    Attributes:
        home: where samples are pulled to.
    """

    def __init__(self, home: Home, *, fresh: bool = False, forget: Callable[[Path], None] = _remove) -> None:
        self.home = samples_home(home)
        if fresh:
            root, owner = _fresh_folder(forget)
            self.home = Home(root)
            weakref.finalize(self, _forget, root, owner, forget)  # at exit, if not before
        self._server: RegistryServer | None = None

    def registries(self, *, on_notice: Callable[[str], None] | None = None) -> Registries:
        """The samples' registry as docker.io, those on loopback as they are, and no others.

        Args:
            on_notice: gets one line about a wait or a fallback.
        """
        from dockmagic.registry.configuration.configuration import RegistryConfiguration
        from dockmagic.registry.registries import Registries

        if self._server is None:
            self._server = samples_registry(self.home).start()
        configuration = RegistryConfiguration.offline({"docker.io": self._server.host})
        return Registries(configuration, on_notice=on_notice)

    def close(self) -> None:
        """Stop the registry; it starts again when it is needed."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _fresh_folder(forget: Callable[[Path], None]) -> tuple[Path, BinaryIO]:
    """A folder with its locked owner's file; those of processes that were killed go at this occasion."""
    for left in Path(gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        _sweep(left, forget)
    root = Path(mkdtemp(prefix=_PREFIX))
    owner = (root / f".{_OWNER}").open("wb")
    lock(owner.fileno())
    # It gets its name when it is locked, so nobody finds it free.
    (root / f".{_OWNER}").rename(root / _OWNER)
    return root, owner


def _sweep(left: Path, forget: Callable[[Path], None]) -> None:
    try:
        with left.open("r+b") as owner:
            if try_lock(owner.fileno()):
                forget(left.parent)
    except OSError:
        return  # another user's, or just gone


def _forget(root: Path, owner: BinaryIO, forget: Callable[[Path], None]) -> None:
    forget(root)
    owner.close()
