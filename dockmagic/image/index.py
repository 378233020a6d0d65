"""Indexes: what they list, and new ones of images that are here (image-index.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidDigest, InvalidDocument, PlatformNotFound
from dockmagic.oci.spec import DOCUMENT_LIMIT, Descriptor, Index, parse_manifest, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dockmagic.oci.platforms import Platform
    from dockmagic.store.content import ContentStore

    from .image import Image
    from .source import ImageSource

__all__ = ["IndexedManifest", "annotate_index", "list_index", "make_index", "read_index"]

#: What BuildKit says of the attestations that it puts beside images.
_KIND: Final = "vnd.docker.reference.type"
_SUBJECT: Final = "vnd.docker.reference.digest"


class IndexedManifest(msgspec.Struct, frozen=True):
    """One line of an index.

    Attributes:
        descriptor: of the manifest.
        platform: what it is for; of an attestation, what the image is for that it is about; None if nobody says.
        kind: ``image``, ``attestation``, ``index``, or the type of an artifact.
        subject: of an attestation, the manifest that it is about.
    """

    descriptor: Descriptor
    platform: Platform | None
    kind: str
    subject: Digest | None = None


def read_index(source: ImageSource, desc: Descriptor) -> Index:
    """An index.

    Raises:
        InvalidDocument: it is none, or broken.
    """
    document = parse_manifest(source.read(desc), desc.media_type)
    if not isinstance(document, Index):
        raise InvalidDocument(f"{desc.digest.short} is the manifest of one image, not an index")
    return document


def list_index(index: Index) -> tuple[IndexedManifest, ...]:
    """What an index lists, in its order; attestations, which stand there for ``unknown/unknown``, as what they are."""
    platforms = {line.digest: line.platform for line in index.manifests}
    return tuple(_listed(line, platforms) for line in index.manifests)


def _listed(line: Descriptor, platforms: Mapping[Digest, Platform | None]) -> IndexedManifest:
    notes = line.annotations or {}
    if notes.get(_KIND) == "attestation-manifest":
        try:
            subject = Digest(notes.get(_SUBJECT, ""))
        except InvalidDigest:
            subject = None
        return IndexedManifest(line, platforms.get(subject) if subject else None, "attestation", subject)
    if media.is_index(line.media_type):
        return IndexedManifest(line, line.platform, "index")
    if line.artifact_type or not media.is_manifest(line.media_type):
        return IndexedManifest(line, line.platform, line.artifact_type or line.media_type)
    return IndexedManifest(line, line.platform, "image")


def make_index(
    store: ContentStore, images: Sequence[Image], *, annotations: Mapping[str, str] | None = None
) -> Descriptor:
    """Put the index of some images into the store, which has them.

    Raises:
        InvalidDocument: it would be too long.
        OutOfSpace: the disk is full.
    """
    lines = [_line(image.descriptor, image.platform) for image in {image.digest: image for image in images}.values()]
    return _write(store, {}, lines, annotations)


def annotate_index(
    store: ContentStore,
    desc: Descriptor,
    member: Callable[[Descriptor], bool],
    *,
    platform: Mapping[str, Any] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Put an index with another line into the store.

    Args:
        store: has the index.
        desc: of the index.
        member: which line it is.
        platform: members of the line's platform that are set, by the specification's names.
        annotations: of the line that are set.

    Raises:
        PlatformNotFound: no line is meant.
        OutOfSpace: the disk is full.
    """
    index = read_index(store, desc)
    lines = []
    found = False
    for line in index.manifests:
        changed = _plain_line(line)
        if member(line):
            found = True
            changed["platform"] = {**changed.get("platform", {}), **(platform or {})}
            if annotations:
                changed["annotations"] = {**(line.annotations or {}), **annotations}
        lines.append(changed)
    if not found:
        raise PlatformNotFound("the list has no such image", hint="See what it has: `manifest inspect`")
    members = msgspec.json.decode(store.read(desc), type=dict[str, Any])
    return _write(store, members, lines, members.get("annotations"))


def _line(desc: Descriptor, platform: Platform) -> dict[str, Any]:
    plain = Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size)
    return _plain_line(msgspec.structs.replace(plain, platform=platform))


def _plain_line(line: Descriptor) -> dict[str, Any]:
    """A line without members that say nothing."""
    found: dict[str, Any] = msgspec.to_builtins(line, enc_hook=str)
    if line.platform is not None:
        found["platform"] = {key: value for key, value in found["platform"].items() if value}
    return found


def _write(
    store: ContentStore,
    members: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    annotations: Mapping[str, str] | None,
) -> Descriptor:
    document = {**members, "schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": lines}
    if annotations:
        document["annotations"] = dict(annotations)
    raw = to_json(document)
    if len(raw) > DOCUMENT_LIMIT:
        raise InvalidDocument(f"an index of {len(lines)} images is longer than documents may be")
    return store.put_bytes(media.OCI_INDEX, raw)
