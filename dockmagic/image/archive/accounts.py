"""The images that an archive lists, in ``index.json`` of the image layout and in docker's ``manifest.json``.

Docker writes both into one archive, and some of its versions wrote an index that is wrong: layers in another order,
some of them missing, other sizes. So the account that verifies wins; where both do, the index does, whose manifests
keep their digests. What only one of them tells of is taken too, and what is passed over is told.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from dockmagic.oci import media
from dockmagic.oci.errors import DockmagicError, InvalidArchive, InvalidReference
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import (
    Descriptor,  # noqa: TC001  msgspec reads the annotations
    Manifest,
    decode,
    parse_config,
    parse_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dockmagic.oci.digest import Digest

    from .classic import Classic, Item
    from .members import Members

__all__ = ["Archived", "read_images"]

_INDEX: Final = "index.json"
# annotations.md; containerd and docker write the full name beside it.
_REF_NAME: Final = "org.opencontainers.image.ref.name"
_FULL_NAME: Final = "io.containerd.image.name"
_CHILDREN: Final = 1000  # of one index that are looked at


@dataclass(frozen=True, slots=True)
class Archived:
    """One image of an archive.

    Attributes:
        names: full names with tags; none for an image that goes by its ID alone.
        descriptor: of its manifest or index.
    """

    names: tuple[Reference, ...]
    descriptor: Descriptor


class _Layout(msgspec.Struct):
    """``index.json``; docker 25 writes no manifests into it where they would have no digest of their own."""

    manifests: tuple[Descriptor, ...] = ()


class _Blobs(Protocol):
    """The archive's blobs by digest."""

    def read(self, desc: Descriptor) -> bytes: ...
    def holds(self, desc: Descriptor) -> bool: ...
    def diff_id(self, desc: Descriptor) -> Digest: ...


def read_images(
    blobs: _Blobs, members: Members, classic: Classic, on_notice: Callable[[str], None]
) -> tuple[Archived, ...]:
    """The images of an archive, each once with all its names, in the archive's order.

    Raises:
        InvalidArchive: ambiguous, or no archive of images.
    """
    if _INDEX not in members and not classic.items:
        raise InvalidArchive(
            "the archive has neither an index.json nor a manifest.json, so it holds no images",
            hint="For a root file system use `import FILE`",
        )
    lines = decode(members.read(_INDEX), _Layout, "index.json of the archive").manifests if _INDEX in members else ()
    return _Accounts(blobs, classic, on_notice).merged(lines)


class _Accounts:
    """Compares the two accounts of one archive."""

    def __init__(self, blobs: _Blobs, classic: Classic, on_notice: Callable[[str], None]) -> None:
        self._blobs = blobs
        self._classic = classic
        self._notice = on_notice
        self._items: dict[Digest, list[Item]] = {}
        for item in classic.items:
            self._items.setdefault(classic.config_digest(item), []).append(item)
        self._found: dict[Digest, Archived] = {}

    def merged(self, lines: Iterable[Descriptor]) -> tuple[Archived, ...]:
        """The images of both."""
        told: set[Digest] = set()  # configurations of which the index tells rightly
        wrong: list[tuple[Descriptor, str]] = []
        for line in lines:
            if not media.is_manifest(line.media_type) and not media.is_index(line.media_type):
                self._notice(f"left out {line.digest.short}: {line.media_type or 'what has no media type'} is no image")
                continue
            try:
                configs = self._verified(line) if self._items else ()
            except DockmagicError as error:
                wrong.append((line, error.message))
                continue
            told.update(configs)
            self._add(line, (*_layout_names(line), *(name for config in configs for name in self._tags(config))))
        rest = [config for config in self._items if config not in told]
        for line, reason in wrong:
            if rest:
                self._notice(f"index.json is wrong about {line.digest.short}, so manifest.json is taken: {reason}")
            else:
                self._add(line, _layout_names(line))  # whoever loads it gets the reason as an error
        for config in rest:
            self._add(self._classic.manifest(self._items[config][0]), self._tags(config))
        self._check_names()
        return tuple(self._found.values())

    def _add(self, desc: Descriptor, names: Iterable[Reference]) -> None:
        known = self._found[desc.digest].names if desc.digest in self._found else ()
        plain = msgspec.structs.replace(desc, annotations=None, platform=None)
        self._found[desc.digest] = Archived(tuple(dict.fromkeys((*known, *names))), plain)

    def _check_names(self) -> None:
        """Refuse a name that means one image to some readers and another one to others."""
        meant: dict[Reference, Digest] = {}
        for digest, image in self._found.items():
            for name in image.names:
                if meant.setdefault(name, digest) != digest:
                    raise InvalidArchive(
                        f"the archive is ambiguous: it describes different images under the name {name.familiar}",
                        hint="Save it again",
                    )

    def _tags(self, config: Digest) -> tuple[Reference, ...]:
        return _parse_names(tag for item in self._items.get(config, ()) for tag in item.repo_tags)

    def _verified(self, line: Descriptor) -> tuple[Digest, ...]:
        """The configurations that a line of the index leads to, as far as the archive has them.

        Raises:
            DockmagicError: what the line says of its image is wrong.
        """
        document = parse_manifest(self._blobs.read(line), line.media_type)
        if isinstance(document, Manifest):
            self._verify(document)
            return (document.config.digest,)
        children = [child for child in document.manifests if media.is_manifest(child.media_type)]
        configs = []
        for child in children[:_CHILDREN]:
            if self._blobs.holds(child):
                manifest = parse_manifest(self._blobs.read(child), child.media_type)
                configs += [manifest.config.digest] if isinstance(manifest, Manifest) else []
        return tuple(configs)

    def _verify(self, manifest: Manifest) -> None:
        if not media.is_config(manifest.config.media_type):
            return  # no image: whoever loads it says so
        diff_ids = parse_config(self._blobs.read(manifest.config)).rootfs.diff_ids
        if len(diff_ids) != len(manifest.layers):
            raise InvalidArchive(f"it has {len(manifest.layers)} layers, and the configuration {len(diff_ids)}")
        for layer in manifest.layers:
            if not self._blobs.holds(layer):
                raise InvalidArchive(f"layer {layer.digest.short} is not there, or of another size")
        items = self._items.get(manifest.config.digest, ())
        named = [layer.digest.hex for layer in manifest.layers]
        if any([posixpath.basename(name) for name in item.layers] != named for item in items):
            # The accounts differ, so the layers themselves are asked.
            for layer, diff_id in zip(manifest.layers, diff_ids, strict=True):
                if layer.digest != diff_id and self._blobs.diff_id(layer) != diff_id:
                    raise InvalidArchive(f"layer {layer.digest.short} is not that of the DiffID {diff_id.short}")


def _layout_names(desc: Descriptor) -> tuple[Reference, ...]:
    notes = desc.annotations or {}
    if _FULL_NAME in notes:
        return _parse_names((notes[_FULL_NAME],))
    name = notes.get(_REF_NAME, "")
    # A word alone is a tag that some repository gave it; which one, it does not say.
    return _parse_names((name,)) if "/" in name or ":" in name else ()


def _parse_names(texts: Iterable[str]) -> tuple[Reference, ...]:
    try:
        return tuple(Reference.parse(text).canonical() for text in texts)
    except InvalidReference as error:
        raise InvalidArchive(f"the archive names an image wrongly: {error.message}") from None
