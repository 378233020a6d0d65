"""Docker's list of an archive's images, ``manifest.json``: configurations and layers by the names of members."""

from __future__ import annotations

import hashlib
import io
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from dockmagic.layer.compression.decompress import inflated
from dockmagic.layer.compression.plain import PlainLayer
from dockmagic.layer.compression.table import LONGEST_MAGIC, detect
from dockmagic.layer.ingest import layer_limit
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidArchive
from dockmagic.oci.media import Compression
from dockmagic.oci.spec import Descriptor, Manifest, decode, parse_config, to_json

if TYPE_CHECKING:
    from .members import Members

__all__ = ["Classic", "Item", "plain_digest"]

_LIST: Final = "manifest.json"
_PIECE: Final = 1 << 20
_AGAIN: Final = "Save it again"


class Item(msgspec.Struct, rename="pascal"):
    """One element of ``manifest.json`` (moby, image/spec, "Combined Image JSON")."""

    config: str
    layers: tuple[str, ...] = ()
    repo_tags: tuple[str, ...] = ()


class Classic:
    """What ``manifest.json`` tells of an archive, and manifests made of it; blobs go by the digests that these have.

    Args:
        members: of the archive.

    Attributes:
        items: of the list; none where there is no list.

    Raises:
        InvalidArchive: the list is broken.
    """

    def __init__(self, members: Members) -> None:
        self._members = members
        self._manifests: dict[Digest, bytes] = {}
        self._blobs: dict[Digest, tuple[str, Compression]] = {}
        self.items: tuple[Item, ...] = ()
        if _LIST in members:
            self.items = decode(members.read(_LIST), tuple[Item, ...], f"{_LIST} of the archive")

    def config_digest(self, item: Item) -> Digest:
        """The image ID: of the configuration as it is, whatever its member is called."""
        return Digest.of(self._members.read(item.config))

    def manifest(self, item: Item) -> Descriptor:
        """The manifest that an item amounts to.

        Raises:
            InvalidArchive: a member is missing, or the configuration lists another number of layers.
            InvalidDocument: the configuration is none.
        """
        raw = self._members.read(item.config)
        digest = Digest.of(raw)
        diff_ids = parse_config(raw).rootfs.diff_ids
        if len(diff_ids) != len(item.layers):
            raise InvalidArchive(
                f"{item.config!r} names {len(diff_ids)} layers, {_LIST} {len(item.layers)}", hint=_AGAIN
            )
        layers = tuple(self._layer(name, diff_id) for name, diff_id in zip(item.layers, diff_ids, strict=True))
        manifest = to_json(
            Manifest(
                schema_version=2,
                media_type=media.OCI_MANIFEST,
                config=Descriptor(media_type=media.OCI_CONFIG, digest=digest, size=len(raw)),
                layers=layers,
            )
        )
        self._blobs[digest] = (item.config, Compression.NONE)
        self._manifests[Digest.of(manifest)] = manifest
        return Descriptor(media_type=media.OCI_MANIFEST, digest=Digest.of(manifest), size=len(manifest))

    def _layer(self, name: str, diff_id: Digest) -> Descriptor:
        with self._members.open(name) as stream:
            compression = detect(stream.peek(LONGEST_MAGIC)[:LONGEST_MAGIC])
            size = self._members.size(name)
            if not compression.is_standard:
                # No media type tells of it, so it becomes what it is without its compression.
                actual, size = plain_digest(stream)
                if actual != diff_id:
                    raise InvalidArchive(f"{name!r} of the archive has the DiffID {actual}, not {diff_id}", hint=_AGAIN)
            # A plain layer's digest is its DiffID; a compressed one has a digest of its own, which nothing tells.
            stored = compression if compression.is_standard else Compression.NONE
            is_plain = stored is Compression.NONE
            digest = diff_id if is_plain else Digest.from_hex(hashlib.file_digest(stream, "sha256").hexdigest())
        self._blobs[digest] = (name, compression)
        return Descriptor(media_type=media.layer_type(stored), digest=digest, size=size)

    def holds(self, desc: Descriptor) -> bool:
        """Whether `open` gives this blob."""
        return desc.digest in self._manifests or desc.digest in self._blobs

    def open(self, desc: Descriptor, offset: int) -> BinaryIO | None:
        """A document or layer of a manifest that was made here; None for anything else."""
        if desc.digest in self._manifests:
            return io.BytesIO(self._manifests[desc.digest][offset:])
        if desc.digest not in self._blobs:
            return None
        name, compression = self._blobs[desc.digest]
        if compression.is_standard:
            return self._members.open(name, offset)
        plain = io.BufferedReader(PlainLayer(self._members.open(name), compression), _PIECE)
        while offset:
            offset -= len(plain.read(min(offset, _PIECE))) or offset
        return plain


def plain_digest(stream: BinaryIO) -> tuple[Digest, int]:
    """Digest and size of the plain tar in a layer.

    Raises:
        InvalidLayer: it is corrupt.
        InvalidArchive: it expands without end.
    """
    digest, size, limit = hashlib.sha256(), 0, layer_limit()
    for piece in inflated(iter(partial(stream.read, _PIECE), b"")):
        digest.update(piece)
        size += len(memoryview(piece))
        if size > limit:
            raise InvalidArchive(f"a layer of the archive expands to more than {limit} bytes", hint=_AGAIN)
    return Digest.from_hex(digest.hexdigest()), size
