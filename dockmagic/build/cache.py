"""What steps gave before: found again by a key of named parts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dockmagic.oci.digest import Digest
    from dockmagic.store.home import Home

    from .layer import NewLayer

__all__ = ["Cache", "Key", "Part", "Record", "Spot"]


class Part(msgspec.Struct, frozen=True):
    """One thing that a step depends on.

    Attributes:
        name: one of ``parent``, ``config``, ``platform``, ``instruction``, ``argument``, ``environment``, ``shell``,
            ``user``, ``workdir``, ``network``, ``mount``, ``files``, ``remote``, ``epoch``, ``ownership``, ``hosts``.
        value: as text; of ``files`` the digest of all of them.
        subject: which one, where there may be several: the argument's name, the source's path, the flag.
        items: of ``files``, what each holds, path to digest: kept aside for the explanation, no part of the key.
    """

    name: str
    value: str
    subject: str = ""
    items: Mapping[str, str] | None = None


class Spot(msgspec.Struct, frozen=True):
    """Where a step stands: what makes it the same step in another build, though everything in it may have changed.

    Attributes:
        recipe: which Dockerfile, of which context (`Context.identity` and the Dockerfile's name).
        stage: name or index of the stage.
        place: of the step in the stage.
        word: the instruction's keyword.
    """

    recipe: str
    stage: str
    place: int
    word: str


class Key(msgspec.Struct, frozen=True):
    """What decides whether a step must be done again; the same parts give the same `digest`.

    Attributes:
        parts: in their order. Secret values, proxy arguments and the content of cache mounts are never among them.
    """

    parts: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """64 hexadecimal digits over names, subjects and values, and the version of the form."""
        raise NotImplementedError

    def without(self, *names: str) -> Key:
        """The key without some parts: that of ``COPY --link`` has no ``parent`` and ``config``."""
        raise NotImplementedError


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a step gave.

    Attributes:
        key: digest of its key.
        parts: of the key.
        image: manifest digest of the state after it.
        image_id: of that image.
        layer: that it made; None if it made none.
        text: the instruction as written.
        spot: where it stood.
        created: seconds since the epoch.
        used: when it was last found, seconds since the epoch.
        seconds: that it took.
        size: bytes that its layer's blob takes.
    """

    key: str
    parts: tuple[Part, ...]
    image: Digest
    image_id: Digest
    layer: NewLayer | None
    text: str
    spot: Spot
    created: float
    used: float
    seconds: float
    size: int


class Cache:
    """The build cache of a home; several builds may use it at once.

    Args:
        home: where it lies.
    """

    def __init__(self, home: Home) -> None:
        raise NotImplementedError

    def lookup(self, key: Key) -> Record | None:
        """What a step with this key gave; None if it is not known, or its image is no longer whole.

        Take a lease on `Record.image` before relying on it: the collector may run at any time.
        """
        raise NotImplementedError

    @contextmanager
    def hold(self, key: Key, *, stop: Callable[[], bool] | None = None) -> Iterator[None]:
        """Keep others from doing the same step at once: look up again inside, then do it and `keep` it.

        Raises:
            InterruptedError: `stop` said so.
        """
        raise NotImplementedError
        yield

    def keep(
        self,
        key: Key,
        *,
        image: Digest,
        image_id: Digest,
        layer: NewLayer | None,
        text: str,
        spot: Spot,
        created: float,
        seconds: float,
    ) -> Record:
        """Remember what a step gave; from now on the collector keeps its image.

        Args:
            key: of the step.
            image: manifest digest of the state after it.
            image_id: of that image.
            layer: that it made; None if it made none.
            text: the instruction as written.
            spot: where it stood.
            created: seconds since the epoch, as the image's history says it: a hit later says the same.
            seconds: that it took.

        Raises:
            OutOfSpace: the disk is full.
        """
        raise NotImplementedError

    def nearest(self, spot: Spot, key: Key) -> Record | None:
        """Of the records of the same step in earlier builds, the one whose key has most in common with `key`."""
        raise NotImplementedError

    def records(self) -> Iterator[Record]:
        """All of them, most recently used first."""
        raise NotImplementedError

    def roots(self) -> Iterable[Digest]:
        """Manifests that the collector must keep."""
        raise NotImplementedError
