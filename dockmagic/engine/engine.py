"""The engine as a whole: a home, its images, and the registries."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

from .images import Images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dockmagic.image.samples import Samples
    from dockmagic.store.registry.registries import Registries

    from .builds import Builds
    from .containers import Containers
    from .volumes import Volumes

__all__ = ["Engine"]


class Engine:
    """Everything that dockmagic can do, for one home.

    Nothing is created before something is written, and no registry is asked before a method says so.

    Args:
        home: the folder that everything is kept in; None for ``$DOCKMAGIC_HOME``, else the user's data folder.
        registries: None for the user's and the system's configuration.
        on_notice: hears one line about a wait or a fallback of a registry, or about what is left out of an image.

    Attributes:
        samples: what stands in for docker.io; None if nothing does. ``DOCKMAGIC_SAMPLES=1`` begins with them, unless
            `registries` are given.
        notice: hears the notices.
    """

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
        self.use_samples(wanted=registries is None and os.environ.get("DOCKMAGIC_SAMPLES", "0") not in ("", "0"))
        if registries is not None:
            self.registries = registries

    def use_samples(self, *, wanted: bool, fresh: bool = False) -> None:
        """Let the samples stand in for docker.io, in a home of their own; or go back to one's own home.

        Images that were found before belong to the home that they were found in.

        Args:
            wanted: whether the samples are to be on.
            fresh: let their home begin empty, and forget it when this process ends or they are switched again.
        """
        self.close()
        self.samples = None
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

        return Builds(self)

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

    @cached_property
    def registries(self) -> Registries:
        """The registries; an HTTP client is imported with the first use."""
        if self.samples is not None:
            return self.samples.registries(on_notice=self.notice)
        from dockmagic.store.registry.registries import Registries

        return Registries(on_notice=self.notice)

    def close(self) -> None:
        """Close every connection; they open again when they are needed."""
        registries: Registries | None = self.__dict__.pop("registries", None)
        if registries is not None:
            registries.close()
        if self.samples is not None:
            self.samples.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _forget(root: Path) -> None:
    home = Home(root)
    if any(folder.exists() for folder in (home.containers, home.layers, home.volumes, home.builds)):
        from dockmagic.run.forgetting import forget_home

        forget_home(root)
    else:
        import shutil

        shutil.rmtree(root, ignore_errors=True)
