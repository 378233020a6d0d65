"""The engine as a whole: a home, its images, and the registries."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dockmagic.docker_py import missing_attribute
from dockmagic.oci.errors import NotSupported
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

from .images import Images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dockmagic.image.samples import Samples
    from dockmagic.registry.registries import Registries

    from .artifacts import Artifacts
    from .builds import Builds
    from .containers import Containers
    from .manifests import Manifests
    from .surgery import Surgery
    from .volumes import Volumes

__all__ = ["Engine"]


class Engine:
    """Everything that dockmagic can do, for one home.

    Nothing is created before something is written, and no registry is asked before a method says so. Threads may share
    an engine. There is no async: call it in a thread (``asyncio.to_thread``).

    Args:
        home: the folder that everything is kept in; None for ``$DOCKMAGIC_HOME``, else the user's data folder.
        registries: None for the user's and the system's configuration.
        on_notice: gets one line about a wait or a fallback of a registry, or about what is left out of an image.

    Attributes:
        samples: what stands in for docker.io; None if nothing does. ``DOCKMAGIC_SAMPLES=1`` begins with them, unless
            `registries` are given.
        notice: gets the notices.
    """

    if not TYPE_CHECKING:  # type checkers go on refusing unknown names
        __getattr__ = missing_attribute("Engine")

    def __init__(
        self,
        home: str | os.PathLike[str] | Home | None = None,
        *,
        registries: Registries | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self.samples: Samples | None = None
        self._own = home if isinstance(home, Home) else Home(home)
        self.notice: Callable[[str], None] = on_notice or (lambda _line: None)
        self.images = Images(self)
        self._registries: tuple[int, Registries] | None = None
        self._locks: dict[int, threading.Lock] = {}
        self._pid = os.getpid()
        self.use_samples(wanted=registries is None and os.environ.get("DOCKMAGIC_SAMPLES", "0") not in ("", "0"))
        self._given: Registries | None = registries

    def use_samples(self, *, wanted: bool, fresh: bool = False) -> None:
        """Let the samples stand in for docker.io, in a home of their own; or go back to one's own home.

        Images that were found before belong to the home that they were found in.

        Args:
            wanted: whether the samples are to be on.
            fresh: let their home begin empty, and forget it when this process ends or they are switched again.
        """
        self.close()
        self.samples = None
        self._given = None
        if wanted:
            # With the samples comes a registry of their own, whose import (70 ms) no other command pays for.
            from dockmagic.image.samples import Samples

            self.samples = Samples(self._own, fresh=fresh, forget=_forget)
        self.home = self.samples.home if self.samples else self._own
        self.store = ContentStore(self.home)

    # Each of these is imported with its first use: most commands want one of them at the most.

    @cached_property
    def builds(self) -> Builds:
        """What can be built here."""
        from .builds import Builds

        return Builds(self, self.images)

    @cached_property
    def manifests(self) -> Manifests:
        """The indexes that are here, or are made here."""
        from .manifests import Manifests

        return Manifests(self, self.images)

    @cached_property
    def artifacts(self) -> Artifacts:
        """Files in registries that are no images."""
        from .artifacts import Artifacts

        return Artifacts(self)

    @cached_property
    def surgery(self) -> Surgery:
        """What changes images without a build."""
        from .surgery import Surgery

        return Surgery(self, self.images)

    @cached_property
    def containers(self) -> Containers:
        """The containers of the home."""
        from .containers import Containers

        return Containers(self, self.images)

    @cached_property
    def volumes(self) -> Volumes:
        """The volumes of the home."""
        from .volumes import Volumes

        return Volumes(self)

    @property
    def registries(self) -> Registries:
        """The registries; an HTTP client is imported with the first use.

        A forked process makes connections of its own: two processes cannot share one.
        """
        # One lock for each process: a fork may have happened while another thread held its parent's.
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            found = self._registries
            if found is None or (found[0] != os.getpid() and self._given is None):
                found = self._registries = (os.getpid(), self._given or self._new_registries())
            return found[1]

    def _new_registries(self) -> Registries:
        if self.samples is not None:
            return self.samples.registries(on_notice=self.notice)
        from dockmagic.registry.registries import Registries

        return Registries(on_notice=self.notice)

    def close(self) -> None:
        """Close every connection; they open again when they are needed."""
        found, self._registries = self._registries, None
        if found is not None and found[0] == os.getpid():
            found[1].close()
        if self.samples is not None and self._pid == os.getpid():
            self.samples.close()

    def __repr__(self) -> str:
        return f"<Engine {self.home.root}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._given is not None:
            raise NotSupported(
                "an engine with registries of its own cannot be pickled",
                hint="Make the engine where it is used, with the same registries",
            )
        # By its home and settings: no connection and no credential goes into a pickle.
        return _engine, (str(self._own.root), self.samples is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _engine(root: str, samples: bool) -> Engine:  # noqa: FBT001  (pickle passes arguments by place)
    engine = Engine(root)
    if samples is not (engine.samples is not None):
        engine.use_samples(wanted=samples)
    return engine


def _forget(root: Path) -> None:
    home = Home(root)
    if any(folder.exists() for folder in (home.containers, home.layers, home.volumes, home.builds)):
        from dockmagic.runtime.purge import forget_home

        forget_home(root)
    else:
        import shutil

        shutil.rmtree(root, ignore_errors=True)
