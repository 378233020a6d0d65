"""The names of images: ``index.json`` of the image layout, read as a list and changed in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidDigest, InvalidDocument, InvalidReference, UnsupportedMediaType
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, Index, Manifest, decode, parse_config, parse_manifest, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .home import Home

__all__ = ["Named", "Names", "read_index", "read_names", "whole_index"]

# annotations.md; skopeo and umoci look up ``oci:LAYOUT:NAME`` by it.
_NAME = "org.opencontainers.image.ref.name"
_INDEX = "io.dockmagic.index.digest"
# Of the line of an index: the name that it is kept whole for. It is no name to other tools, which would find two.
_WHOLE = "io.dockmagic.index.name"
_REPOSITORY = "io.dockmagic.repository"
_ID = "io.dockmagic.image.id"
_SIZE = "io.dockmagic.image.size"
_CREATED = "io.dockmagic.image.created"
_PLATFORM = "io.dockmagic.image.platform"


class Named(msgspec.Struct, frozen=True):
    """One entry of ``index.json``: a manifest, its name, and what a list shows of it without opening anything.

    Attributes:
        ref: the full name with a tag, or with a digest if it was pulled by digest; None if the image lost its name.
        repository: the full name of the repository where a registry has it; empty for what was made here.
        descriptor: of the platform manifest.
        index_digest: of the index it was chosen from; None if there was none.
        image_id: digest of the configuration.
        size: bytes of the layers' files, as docker counts an image's size; None if it is not known.
        created: as the configuration says (RFC 3339); empty if it does not.
        platform: such as ``linux/amd64``.
    """

    ref: Reference | None
    repository: str
    descriptor: Descriptor
    index_digest: Digest | None
    image_id: Digest
    size: int | None
    created: str
    platform: str

    @property
    def repo_digest(self) -> Digest | None:
        """What the registry knows it by: index's or else manifest's digest; None for what was made here."""
        return (self.index_digest or self.descriptor.digest) if self.repository else None


def read_names(home: Home) -> tuple[Named, ...]:
    """Every image of ``index.json``, in its order.

    Raises:
        InvalidDocument: it is broken.
    """
    return tuple(entry for desc in read_index(home) if (entry := _named(home, desc)) is not None)


def read_index(home: Home) -> tuple[Descriptor, ...]:
    """The descriptors of ``index.json``, whoever wrote them; none if the file is not there.

    Raises:
        InvalidDocument: it is broken.
    """
    try:
        raw = home.index.read_bytes()
    except FileNotFoundError:
        return ()
    # The limit on documents holds for what comes from outside; a store may have many names.
    return decode(raw, Index, str(home.index), limit=len(raw)).manifests


def whole_index(lines: Iterable[Descriptor], ref: Reference) -> Descriptor | None:
    """Of the lines of ``index.json``, the index that is kept whole for a name; None if there is none."""
    name = str(ref.canonical())
    for line in lines:
        if (line.annotations or {}).get(_WHOLE) == name:
            return Descriptor(media_type=line.media_type, digest=line.digest, size=line.size)
    return None


def _named(home: Home, desc: Descriptor) -> Named | None:
    if not media.is_manifest(desc.media_type):
        return None
    notes = desc.annotations or {}
    try:
        ref = Reference.parse(notes[_NAME])
    except (KeyError, InvalidReference):
        ref = None
    try:
        if _ID not in notes:  # another tool's entry
            notes = {**notes, **_facts(desc, lambda each: home.blob(each.digest).read_bytes())}
        index_digest = Digest(notes[_INDEX]) if _INDEX in notes else None
        image_id = Digest(notes[_ID])
    except (OSError, InvalidDocument, InvalidDigest, UnsupportedMediaType):
        return None
    size = notes.get(_SIZE, "")
    return Named(
        ref,
        notes.get(_REPOSITORY, ""),
        Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size),
        index_digest,
        image_id,
        int(size) if size.isdecimal() else None,
        notes.get(_CREATED, ""),
        notes.get(_PLATFORM, ""),
    )


def _facts(desc: Descriptor, read: Callable[[Descriptor], bytes]) -> dict[str, str]:
    """What a list shows of an image. It follows from the manifest's digest, so it cannot go out of date."""
    manifest = parse_manifest(read(desc), desc.media_type)
    if not isinstance(manifest, Manifest):
        raise UnsupportedMediaType(f"{desc.digest} is an index, and only the image of one platform can be stored")
    config = parse_config(read(manifest.config))
    return {_ID: manifest.config.digest, _CREATED: config.created or "", _PLATFORM: str(config.platform)}


class Names:
    """A batch of changes to the names. Get it from `ContentStore.edit`.

    Args:
        home: where ``index.json`` is.
        read: gives manifests and configurations.
    """

    def __init__(self, home: Home, read: Callable[[Descriptor], bytes]) -> None:
        self._home = home
        self._blob = read
        self._before = read_index(home)
        self._lines = list(self._before)

    def set(
        self,
        ref: Reference,
        desc: Descriptor,
        *,
        index_digest: Digest | None = None,
        from_registry: bool = False,
        size: int | None = None,
    ) -> None:
        """Let `ref` name the manifest `desc`, whose blobs are all here.

        An image that loses its last name by this stays, without one (``<none>``), as docker keeps it.

        Args:
            ref: the name; ``latest`` where it says nothing.
            desc: of a platform manifest.
            index_digest: of the index that it was chosen from.
            from_registry: whether the repository in the registry has it under this digest: it was pulled or pushed.
            size: bytes of the layers' files, if the caller knows.

        Raises:
            BlobNotFound: manifest or configuration are not here.
            InvalidDocument: they are broken.
        """
        name = str(ref.canonical())
        known = next((line.annotations or {} for line in self._lines if line.digest == desc.digest), {})
        facts = {key: known[key] for key in (_ID, _SIZE, _CREATED, _PLATFORM) if key in known}
        if _ID not in facts:
            facts |= _facts(desc, self._blob)
        if size is not None:
            facts[_SIZE] = str(size)
        if from_registry:
            facts[_REPOSITORY] = ref.name
        if index_digest is not None:
            facts[_INDEX] = index_digest
        whole = whole_index(self._lines, ref)
        if whole is not None and whole.digest != index_digest:
            self._drop_index(name)
        line = Descriptor(
            media_type=desc.media_type, digest=desc.digest, size=desc.size, annotations={_NAME: name, **facts}
        )
        place = next((i for i, old in enumerate(self._lines) if _name_of(old) == name), None)
        # The unnamed entry of an image that gets a name (again) has served its turn.
        if place is None:
            self._lines.append(line)
        else:
            lost, self._lines[place] = self._lines[place], line
            if lost.digest != desc.digest:
                self._keep_unnamed(lost)
        self.drop_unnamed(desc.digest)

    def set_index(self, ref: Reference, desc: Descriptor) -> None:
        """Keep the index `desc`, which the manifest of `ref` was chosen from; everything in it is here."""
        name = str(ref.canonical())
        self._drop_index(name)
        notes = {_WHOLE: name}
        line = Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size, annotations=notes)
        self._lines.append(line)

    def add(self, desc: Descriptor, *, size: int | None = None) -> None:
        """Keep the image `desc` without a name (``<none>``), unless it has one.

        Raises:
            BlobNotFound: manifest or configuration are not here.
            InvalidDocument: they are broken.
        """
        facts = _facts(desc, self._blob)
        if size is not None:
            facts[_SIZE] = str(size)
        self._keep_unnamed(
            Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size, annotations=facts)
        )

    def remove(self, ref: Reference) -> bool:
        """Take a name away; whether it was there. With its last name, the image leaves the list."""
        name = str(ref.canonical())
        before = len(self._lines)
        self._lines = [line for line in self._lines if _name_of(line) != name]
        found = len(self._lines) < before
        self._drop_index(name)
        return found

    def drop_unnamed(self, manifest: Digest) -> None:
        """Take the entry without a name of this manifest away."""
        self._lines = [
            line
            for line in self._lines
            if line.digest != manifest or _name_of(line) or _WHOLE in (line.annotations or {})
        ]

    def save(self) -> None:
        """Write the changes, if there are any.

        Raises:
            OutOfSpace: the disk is full; the names stay as they were.
        """
        if tuple(self._lines) != self._before:
            index = Index(schema_version=2, media_type=media.OCI_INDEX, manifests=tuple(self._lines))
            self._home.write(self._home.index, to_json(index))

    def _drop_index(self, name: str) -> None:
        self._lines = [line for line in self._lines if (line.annotations or {}).get(_WHOLE) != name]

    def _keep_unnamed(self, line: Descriptor) -> None:
        if any(other.digest == line.digest for other in self._lines):
            return
        notes = {key: value for key, value in (line.annotations or {}).items() if key != _NAME}
        self._lines.append(
            Descriptor(media_type=line.media_type, digest=line.digest, size=line.size, annotations=notes)
        )


def _name_of(line: Descriptor) -> str:
    return (line.annotations or {}).get(_NAME, "")
