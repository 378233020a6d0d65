"""Images that a build begins with or copies from: found here, or brought from where they are."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dockmagic.builder.image.step_commit import scratch
from dockmagic.builder.sources.layout import SCHEME, LayoutSource
from dockmagic.image import local
from dockmagic.image.image import Image
from dockmagic.oci.errors import (
    DockmagicError,
    ImageNotFound,
    InvalidReference,
    NotSupported,
    RegistryError,
    UnsupportedMediaType,
)
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.platforms import Platform
    from dockmagic.oci.protocols import Progress
    from dockmagic.store.content import ContentStore

__all__ = ["Bases"]

#: Stands for whatever a layout names in its own words.
_IN_A_LAYOUT: Final = Reference.parse("oci-layout")


#: The beginning of an ID, were it not more likely a name: `FROM cafe` must mean the same everywhere.
_MAY_BE_A_NAME: Final = re.compile(r"[0-9a-f]{1,11}")


class Bases:
    """The images that one build asks for, each resolved once, so that all stages see the same.

    Args:
        store: the local images.
        registry: gives the source of a reference; None for offline.
        pull: ask the registry even for what is here.
        on_notice: hears of what is left out of the configurations of images that come.
    """

    def __init__(
        self,
        store: ContentStore,
        registry: Callable[[Reference], ImageSource] | None,
        *,
        pull: bool = False,
        on_notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._registry = registry
        self._pull = pull
        self._notice = on_notice
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, Platform], threading.Lock] = {}
        self._views: dict[tuple[str, Platform], Image] = {}
        self._failures: dict[tuple[str, Platform], DockmagicError] = {}
        self._here: dict[tuple[str, Platform], Image] = {}

    def view(self, name: str, platform: Platform) -> Image:
        """What `name` means; only its documents are read, and nothing is stored.

        Raises:
            ImageNotFound: neither here nor in its registry.
            InvalidReference: not a name.
        """
        with self._alone(name, platform) as key:
            if key in self._failures:
                raise self._failures[key]
            if key not in self._views:
                try:
                    self._views[key] = self._resolve(name, platform)
                except DockmagicError as error:
                    self._failures[key] = error
                    raise
            return self._views[key]

    def is_here(self, name: str, platform: Platform) -> bool:
        """Whether `name` means an image of the store, so that `bring` has nothing to do; raises as `view` does."""
        return self.view(name, platform).source is self._store

    def bring(self, name: str, platform: Platform, on_progress: Progress, *, unpack: bool = False) -> Image:
        """The image in the store, pulled if it is not here.

        Args:
            name: which.
            platform: of it.
            on_progress: hears of its layers.
            unpack: a container is to stand on it: unpack its layers while they come.

        Raises:
            ImageNotFound: neither here nor in its registry.
            RegistryError: the registry refuses or fails.
            OutOfSpace: the disk is full.
        """
        view = self.view(name, platform)
        with self._alone(name, platform) as key:
            if key not in self._here:
                here = view.source is self._store
                self._here[key] = view if here else self._fetch(name, platform, on_progress, unpack=unpack)
            return self._here[key]

    @contextmanager
    def _alone(self, name: str, platform: Platform) -> Iterator[tuple[str, Platform]]:
        key = (name, platform)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield key

    def _resolve(self, name: str, platform: Platform) -> Image:
        if name == "scratch":  # docker-image://scratch; everywhere else the plan knows it
            return scratch(self._store, platform)
        if name.startswith(SCHEME):
            return self._from_layout(name, platform)
        here = self._local(name, platform)
        if here is not None and not self._pull:
            return here
        try:
            ref = Reference.parse(name).or_latest()
        except InvalidReference:
            if here is not None:  # an ID, of which no registry knows
                return here
            raise
        if self._registry is None:
            if here is not None:
                return here
            raise ImageNotFound(
                f"No such image: {ref.familiar} for {platform}", hint=f"Get it with `pull {ref.familiar}`"
            )
        from dockmagic.image.transfer import choose

        try:
            return choose(self._registry(ref), ref, platform=platform, home=self._store.home)
        except RegistryError as error:
            if here is None:
                raise error.revised(
                    message=f"{ref.familiar} is not here, and {error.message}",
                    hint=f"{error.hint}; `images` lists what is here",
                ) from error.__cause__
            raise

    def _from_layout(self, name: str, platform: Platform) -> Image:
        from dockmagic.image.transfer import choose

        source = LayoutSource(name)
        view = choose(source, _IN_A_LAYOUT, platform=platform, home=self._store.home)
        return Image(source, view.descriptor, home=self._store.home)  # it gets no name in the store

    def _local(self, name: str, platform: Platform) -> Image | None:
        if _MAY_BE_A_NAME.fullmatch(name) and self._store.find(Reference.parse(name).or_latest()) is None:
            return None
        try:
            image = local.find(self._store, name)
        except (ImageNotFound, InvalidReference):
            return None
        try:
            fits = platform.accepts(image.platform)
        except (UnsupportedMediaType, NotSupported):
            return None
        return image if fits else None

    def _fetch(self, name: str, platform: Platform, on_progress: Progress, *, unpack: bool) -> Image:
        if name.startswith(SCHEME):
            from dockmagic.image.transfer.pull import bring

            view = self._views[name, platform]
            return bring(view.source, self._store, [view], on_progress, on_notice=self._notice)[0]
        ref = Reference.parse(name).or_latest()
        if self._registry is None:
            raise ImageNotFound(f"No such image: {ref.familiar}", hint=f"Get it with `pull {ref.familiar}`")
        if unpack:
            from dockmagic.runtime.disk.streaming_unpack import pull_unpacked as pull
        else:
            from dockmagic.image.transfer import pull
        source = self._registry(ref)
        return pull(source, self._store, ref, platform=platform, on_progress=on_progress, on_notice=self._notice)
