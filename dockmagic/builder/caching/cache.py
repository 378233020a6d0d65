"""The build cache: results of steps, found again by keys of named inputs."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import msgspec
from blake3 import blake3

from dockmagic.image.layer_writer import NewLayer  # noqa: TC001  msgspec reads the annotations
from dockmagic.oci.digest import Digest  # noqa: TC001  msgspec reads the annotations
from dockmagic.oci.errors import InvalidDocument
from dockmagic.oci.spec import decode, parse_manifest, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dockmagic.store.home import Home

__all__ = ["Cache", "CachedStep", "Key", "KeyInput", "StepLocation"]

#: Of the form of keys, and of what a step's layer looks like: another one finds nothing of what went before.
_VERSION: Final = "2"
#: Parts that say what the instruction's text says.
_WRITTEN: Final = ("instruction", "operand")
#: The longest record that is believed, in bytes.
_LIMIT: Final = 16 << 20
#: How many records of one step are kept in mind to compare with.
_MEMORY: Final = 24
#: Locks are files that stay, so there are no more than this many.
_LOCKS: Final = 3  # hexadecimal digits


class KeyInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a step depends on.

    Attributes:
        name: one of ``parent``, ``config``, ``platform``, ``instruction`` (its name, or a flag), ``operand``,
            ``argument``, ``environment``, ``shell``, ``user``, ``workdir``, ``network``, ``mount``, ``files``,
            ``remote``, ``epoch``, ``owner``, ``ownership``, ``hosts``.
        value: as text; of ``files`` the digest of all of them.
        subject: which one, where there may be several: the argument's name, the source's path, the flag.
        items: of ``files``, gives what each holds, path to text, if somebody asks: for the explanation, and no part of
            the key.
    """

    name: str
    value: str
    subject: str = ""
    items: Callable[[], Mapping[str, str]] | None = None


class StepLocation(msgspec.Struct, frozen=True):
    """Where a step stands: what makes it the same step in another build, though everything in it may have changed.

    Attributes:
        build_id: which Dockerfile, of which context (`Context.identity` and the Dockerfile's name).
        stage: name or index of the stage.
        place: of the step in the stage.
        word: the instruction's keyword.
    """

    build_id: str = msgspec.field(name="recipe")
    stage: str
    place: int
    word: str


class Key(msgspec.Struct, frozen=True):
    """What decides whether a step must be done again; the same inputs give the same `digest`.

    Attributes:
        inputs: in their order. Secret values, proxy arguments and the content of cache mounts are never among them.
    """

    inputs: tuple[KeyInput, ...]

    @property
    def digest(self) -> str:
        """64 hexadecimal digits over names, subjects and values, and the version of the form."""
        values = [(key_input.name, key_input.subject, key_input.value) for key_input in self.inputs]
        return blake3(msgspec.msgpack.encode((_VERSION, values))).hexdigest()


class _StoredInput(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    value: str
    subject: str = ""


class CachedStep(msgspec.Struct, frozen=True, kw_only=True):
    """What a step gave.

    Attributes:
        key: digest of its key.
        inputs: of the key.
        image: manifest digest of the state after it.
        image_id: of that image.
        layer: that it made; None if it made none.
        text: the instruction as written.
        location: where it stood.
        created: seconds since the epoch.
        used: when it was last found, seconds since the epoch.
        seconds: that it took.
        size: bytes that its layer's blob takes.
        version: of the form of its key; keys of different ones cannot be compared.
    """

    key: str
    inputs: tuple[KeyInput, ...]
    image: Digest
    image_id: Digest
    layer: NewLayer | None
    text: str
    location: StepLocation
    created: float
    used: float
    seconds: float
    size: int
    version: str


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it lies on the disk, by the names of its first form; when it was last used is the file's time."""

    key: str
    inputs: tuple[_StoredInput, ...] = msgspec.field(name="parts")
    image: Digest
    image_id: Digest
    layer: NewLayer | None
    text: str
    location: StepLocation = msgspec.field(name="spot")
    created: float
    seconds: float
    version: str = "1"  # the first form had no number


class Cache:
    """The build cache of a home; several builds may use it at once.

    Args:
        home: where it lies.
    """

    def __init__(self, home: Home) -> None:
        self._begun = time.time()
        self.home = home
        self._records = home.builds / "records"
        self._files = home.builds / "files"
        self._spots = home.builds / "spots"

    def lookup(self, key: Key) -> CachedStep | None:
        """What a step with this key gave; None if it is not known, or its image is no longer whole.

        Take a lease on what it names before relying on it, and look again: the collector may run at any time.
        """
        record = self._read(key.digest)
        if record is None or not self._is_whole(record):
            return None
        with suppress(OSError):
            os.utime(self._records / record.key)
        return record

    def _read(self, digest: str) -> CachedStep | None:
        path = self._records / digest
        try:
            with path.open("rb", buffering=0) as file:
                used = os.fstat(file.fileno()).st_mtime
                data = file.read()
            stored = decode(data, _Stored, "a record of the build cache", limit=_LIMIT)
        except (FileNotFoundError, InvalidDocument):
            return None  # a step can always be done again
        if stored.key != digest:
            return None
        return CachedStep(
            key=stored.key,
            inputs=tuple(KeyInput(key_input.name, key_input.value, key_input.subject) for key_input in stored.inputs),
            image=stored.image,
            image_id=stored.image_id,
            layer=stored.layer,
            text=stored.text,
            location=stored.location,
            created=stored.created,
            used=used,
            seconds=stored.seconds,
            size=stored.layer.descriptor.size if stored.layer is not None else 0,
            version=stored.version,
        )

    def _is_whole(self, record: CachedStep) -> bool:
        """Whether the image's documents and layers are all there."""
        try:
            manifest = parse_manifest(self.home.blob(record.image).read_bytes())
        except (FileNotFoundError, InvalidDocument):
            return False
        blobs = [getattr(manifest, "config", None), *getattr(manifest, "layers", ())]
        return all(blob is not None and self._has(blob.digest, blob.size) for blob in blobs)

    def _has(self, digest: Digest, size: int) -> bool:
        try:
            return self.home.blob(digest).stat().st_size == size
        except FileNotFoundError:
            return False

    @contextmanager
    def hold(self, key: Key, *, stop: Callable[[], bool] | None = None) -> Iterator[None]:
        """Keep others from doing the same step at once: look up again inside, then do it and `keep` it.

        Raises:
            InterruptedError: `stop` said so.
        """
        with self.home.lock(f"step.{key.digest[:_LOCKS]}", stop=stop):
            yield

    def keep(
        self,
        key: Key,
        *,
        image: Digest,
        image_id: Digest,
        layer: NewLayer | None,
        text: str,
        location: StepLocation,
        created: float,
        seconds: float,
    ) -> CachedStep:
        """Remember what a step gave; from now on the collector keeps its image.

        Args:
            key: of the step.
            image: manifest digest of the state after it.
            image_id: of that image.
            layer: that it made; None if it made none.
            text: the instruction as written.
            location: where it stood.
            created: seconds since the epoch, as the image's history says it: a hit later says the same.
            seconds: that it took.

        Raises:
            OutOfSpace: the disk is full.
        """
        digest = key.digest
        for key_input in key.inputs:
            if key_input.items is not None:
                self._keep_items(key_input)
        stored = _Stored(
            key=digest,
            inputs=tuple(_StoredInput(key_input.name, key_input.value, key_input.subject) for key_input in key.inputs),
            image=image,
            image_id=image_id,
            layer=layer,
            text=text,
            location=location,
            created=created,
            seconds=seconds,
            version=_VERSION,
        )
        self.home.write(self._records / digest, to_json(stored), durable=False)
        self._remember(location, digest)
        return CachedStep(
            key=digest,
            inputs=key.inputs,
            image=image,
            image_id=image_id,
            layer=layer,
            text=text,
            location=location,
            created=created,
            used=time.time(),
            seconds=seconds,
            size=layer.descriptor.size if layer is not None else 0,
            version=_VERSION,
        )

    # For the explanation

    def _keep_items(self, key_input: KeyInput) -> None:
        path = self._files / key_input.value
        if key_input.items is not None and not path.exists():
            self.home.write(path, msgspec.msgpack.encode(key_input.items()), durable=False)

    def items(self, key_input: KeyInput) -> Mapping[str, str]:
        """What each of the files of a part holds, by path; nothing if that is not known any more."""
        if key_input.items is not None:
            return key_input.items()
        try:
            return msgspec.msgpack.decode((self._files / key_input.value).read_bytes(), type=dict[str, str])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}

    def _remember(self, location: StepLocation, digest: str) -> None:
        path = self._location_file(location)
        with self.home.lock("spots"):
            known = self._at(path)
            if known[:1] == [digest]:
                return
            earlier = [other for other in known if other != digest]
            self.home.write(path, "\n".join([digest, *earlier[: _MEMORY - 1]]).encode(), durable=False)

    def _location_file(self, location: StepLocation) -> Path:
        # Without the place: a step that moved up or down is still the nearest.
        return (
            self._spots
            / blake3(msgspec.msgpack.encode((location.build_id, location.stage, location.word))).hexdigest()[:32]
        )

    @staticmethod
    def _at(path: Path) -> list[str]:
        try:
            return path.read_text().split()
        except FileNotFoundError:
            return []

    def nearest(self, location: StepLocation, key: Key) -> CachedStep | None:
        """Of the records of the same step in earlier builds, the one whose key has most in common with `key`."""
        wanted = {(key_input.name, key_input.subject, key_input.value) for key_input in key.inputs}
        written = {key_input for key_input in wanted if key_input[0] in _WRITTEN}
        # What this build has done or found itself says nothing of what changed since an earlier one.
        found = [
            record
            for digest in self._at(self._location_file(location))
            if (record := self._read(digest)) is not None and record.version == _VERSION and record.used < self._begun
        ]

        def likeness(record: CachedStep) -> tuple[bool, bool, int, float]:
            inputs = {(key_input.name, key_input.subject, key_input.value) for key_input in record.inputs}
            return (
                {key_input for key_input in inputs if key_input[0] in _WRITTEN} == written,
                record.location.place == location.place,
                len(inputs & wanted),
                record.used,
            )

        return max(found, key=likeness, default=None)

    # All of it

    def records(self) -> Iterator[CachedStep]:
        """All of them, most recently used first."""
        try:
            digests = [entry.name for entry in os.scandir(self._records) if not entry.name.startswith(".")]
        except FileNotFoundError:
            return
        found = [record for digest in digests if (record := self._read(digest)) is not None]
        yield from sorted(found, key=lambda record: -record.used)

    def roots(self) -> Iterator[Digest]:
        """Manifests that the collector must keep."""
        return (record.image for record in self.records())

    def forget(self, record: CachedStep) -> None:
        """Remove a record; what only it keeps is the collector's then."""
        (self._records / record.key).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what was kept aside for records that are gone."""
        wanted = {
            key_input.value for record in self.records() for key_input in record.inputs if key_input.name == "files"
        }
        with suppress(FileNotFoundError):
            for path in self._files.iterdir():
                if path.name not in wanted:
                    path.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            for path in self._spots.iterdir():
                if not any((self._records / digest).exists() for digest in self._at(path)):
                    path.unlink(missing_ok=True)
