"""An opened archive as a source of images, like a registry: docker-archive and oci-archive."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.digest import Digest, VerifiedReader
from dockmagic.oci.errors import BlobNotFound, ImageNotFound, InvalidArchive, InvalidDigest, InvalidReference
from dockmagic.oci.media import Compression
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor, Manifest, check_size, decode, parse_config, to_json
from dockmagic.store.layer.compress import detect

from .members import Members

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ArchiveSource", "Archived"]

# annotations.md; containerd and docker write the full name beside it.
_REF_NAME: Final = "org.opencontainers.image.ref.name"
_FULL_NAME: Final = "io.containerd.image.name"

_HEAD: Final = 6


class _DockerItem(msgspec.Struct, rename="pascal"):
    """One element of docker-archive's ``manifest.json`` (moby, image/spec, "Combined Image JSON")."""

    config: str
    layers: tuple[str, ...]
    repo_tags: tuple[str, ...] | None = None


class _Layout(msgspec.Struct):
    """``index.json``; docker 25 writes no manifests into it where they would have no digest of their own."""

    manifests: tuple[Descriptor, ...] | None = None


@dataclass(frozen=True, slots=True)
class Archived:
    """One image of an archive.

    Attributes:
        names: full names with tags; none for an image that goes by its ID alone.
        descriptor: of its manifest or index.
    """

    names: tuple[Reference, ...]
    descriptor: Descriptor


class ArchiveSource:
    """The images of an archive, verified as those of a registry are.

    Args:
        file: an uncompressed tar, with a descriptor that can be read at any place.

    Attributes:
        images: in the archive's order.

    Raises:
        InvalidArchive: truncated, ambiguous, or no archive of images.
    """

    images: tuple[Archived, ...]

    def __init__(self, file: BinaryIO) -> None:
        self._members = Members(file)
        self._documents: dict[Digest, bytes] = {}
        self._layers: dict[Digest, str] = {}
        layout = self._layout_lines()
        if layout:
            self.images = self._read_layout(layout)
        elif "manifest.json" in self._members:
            self.images = tuple(self._read_docker_item(item) for item in self._docker_items())
        else:
            raise InvalidArchive(
                "the archive has neither an index.json nor a manifest.json, so it holds no images",
                hint="For a root file system use import",
            )
        if not self.images:
            raise InvalidArchive("the archive holds no image", hint="Save it again")

    def __repr__(self) -> str:
        return f"<archive of {len(self.images)} images>"

    # The BlobSource

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest or index that `ref` names in the archive.

        Raises:
            ImageNotFound: there is none.
        """
        wanted = ref.canonical()
        for image in self.images:
            if wanted in image.names or (wanted.digest and wanted.digest == image.descriptor.digest):
                return image.descriptor
        raise ImageNotFound(f"the archive has no image {ref.familiar}", hint="Load all that it has with load")

    @contextmanager
    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> Iterator[BinaryIO]:
        """Read a blob; from `offset` 0 it is verified, unless the reader does it himself.

        Raises:
            BlobNotFound: it is not in the archive.
        """
        with self._stream(desc, offset) as stream:
            if offset or not verify:
                yield stream
            else:
                yield VerifiedReader(stream, desc.digest, desc.size)  # type: ignore[misc]  # RawIOBase is a BinaryIO

    def read(self, desc: Descriptor) -> bytes:
        """A document as a whole, verified.

        Raises:
            BlobNotFound: it is not in the archive.
            DigestMismatch: it is another.
            InvalidDocument: it is longer than any document.
        """
        check_size(desc)
        with self.open(desc) as stream:
            return stream.read()

    def _stream(self, desc: Descriptor, offset: int) -> BinaryIO:
        if desc.digest in self._documents:
            return io.BytesIO(self._documents[desc.digest][offset:])
        member = self._layers.get(desc.digest, f"blobs/sha256/{desc.digest.hex}")
        if member not in self._members:
            raise BlobNotFound(f"the archive does not hold {desc.digest}", hint="Save the image again")
        return self._members.open(member, offset)

    # The two forms

    def _layout_lines(self) -> tuple[Descriptor, ...]:
        if "index.json" not in self._members:
            return ()
        layout = decode(self._members.read("index.json"), _Layout, "index.json of the archive")
        return tuple(
            desc
            for desc in layout.manifests or ()
            if media.is_manifest(desc.media_type) or media.is_index(desc.media_type)
        )

    def _read_layout(self, lines: tuple[Descriptor, ...]) -> tuple[Archived, ...]:
        """An image layout (image-layout.md), with docker's names where ``manifest.json`` stands beside it."""
        tags: dict[Digest, tuple[str, ...]] = {}
        if "manifest.json" in self._members:
            tags = {self._config_digest(item): item.repo_tags or () for item in self._docker_items()}
        found: dict[Digest, Archived] = {}
        for desc in lines:
            names = _layout_names(desc)
            if tags and media.is_manifest(desc.media_type):
                config = decode(self.read(desc), Manifest, f"manifest {desc.digest.short}").config.digest
                if config not in tags:
                    raise InvalidArchive(
                        "the archive is ambiguous: index.json and manifest.json describe different images",
                        hint="Save it again",
                    )
                names = (*names, *_parse_names(tags[config]))
            known = found[desc.digest].names if desc.digest in found else ()
            plain = msgspec.structs.replace(desc, annotations=None, platform=None)
            found[desc.digest] = Archived(tuple(dict.fromkeys((*known, *names))), plain)
        return tuple(found.values())

    def _docker_items(self) -> tuple[_DockerItem, ...]:
        return decode(self._members.read("manifest.json"), tuple[_DockerItem, ...], "manifest.json of the archive")

    def _config_digest(self, item: _DockerItem) -> Digest:
        return Digest.of(self._members.read(item.config))

    def _read_docker_item(self, item: _DockerItem) -> Archived:
        raw = self._members.read(item.config)
        digest = Digest.of(raw)
        claimed = item.config.removesuffix(".json").rpartition("/")[2]
        if _is_other_digest(claimed, digest):
            raise InvalidArchive(f"{item.config!r} of the archive has the digest {digest}", hint="Save it again")
        config = parse_config(raw)
        if len(config.rootfs.diff_ids) != len(item.layers):
            raise InvalidArchive(
                f"{item.config!r} names {len(config.rootfs.diff_ids)} layers, manifest.json {len(item.layers)}",
                hint="Save it again",
            )
        layers = tuple(
            self._docker_layer(member, diff_id)
            for member, diff_id in zip(item.layers, config.rootfs.diff_ids, strict=True)
        )
        self._documents[digest] = raw
        manifest = to_json(
            Manifest(
                schema_version=2,
                media_type=media.OCI_MANIFEST,
                config=Descriptor(media_type=media.OCI_CONFIG, digest=digest, size=len(raw)),
                layers=layers,
            )
        )
        desc = Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(manifest), size=len(manifest))
        self._documents[desc.digest] = manifest
        return Archived(_parse_names(item.repo_tags or ()), desc)

    def _docker_layer(self, member: str, diff_id: Digest) -> Descriptor:
        with self._members.open(member) as stream:
            compression = detect(stream.peek(_HEAD)[:_HEAD])
            # A plain layer's digest is its DiffID; a compressed one has a digest of its own, which nothing tells.
            digest = diff_id if compression is Compression.NONE else _hash(stream)
        self._layers[digest] = member
        suffix = f"+{compression.value}" if compression.value else ""
        return Descriptor(media_type=f"{media.OCI_LAYER}{suffix}", digest=digest, size=self._members.size(member))


def _hash(stream: io.BufferedReader) -> Digest:
    return Digest.from_hex(hashlib.file_digest(stream, "sha256").hexdigest())


def _is_other_digest(name: str, digest: Digest) -> bool:
    """Whether a member is named by a digest (with or without ``sha256:``) that is not its own."""
    try:
        return Digest(name if ":" in name else f"sha256:{name}") != digest
    except InvalidDigest:
        return False


def _layout_names(desc: Descriptor) -> tuple[Reference, ...]:
    notes = desc.annotations or {}
    if _FULL_NAME in notes:
        return _parse_names((notes[_FULL_NAME],))
    name = notes.get(_REF_NAME, "")
    # A word alone is a tag that some repository gave it; which one, it does not say.
    return _parse_names((name,)) if "/" in name or ":" in name else ()


def _parse_names(texts: tuple[str, ...]) -> tuple[Reference, ...]:
    try:
        return tuple(Reference.parse(text).canonical() for text in texts)
    except InvalidReference as error:
        raise InvalidArchive(f"the archive names an image wrongly: {error.message}") from None
