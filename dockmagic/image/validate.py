"""Validate: recompute everything that an image says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockmagic.layer.compression.table import detect
from dockmagic.layer.ingest import LayerIngest
from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import BlobNotFound, DockmagicError, InvalidContent, SizeMismatch, UnsupportedMediaType
from dockmagic.oci.spec import Manifest, parse_config, parse_manifest
from dockmagic.store.content import ContentStore

from .tables import find_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.layer.toc import LayerTOC
    from dockmagic.oci.spec import ConfigFile, Descriptor

    from .image import Image

__all__ = ["Mismatch", "validate"]

_PIECE = 1 << 18
_HEAD = 6


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as it should be.

    Attributes:
        where: what was looked at, such as ``manifest``, ``config`` or ``layer 3``.
        what: which property, such as ``digest``, ``size``, ``media type``, ``DiffID``, ``file table``.
        expected: what the image says.
        actual: what is found.
    """

    where: str
    what: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} is {self.actual}, not {self.expected}"


def validate(image: Image) -> tuple[Mismatch, ...]:
    """Recompute every digest, DiffID, size and media type of `image`; each mismatch, none if all is well.

    Goes on after a mismatch, to find the others.

    Raises:
        RegistryError: the registry refuses or fails.
    """
    validation = _Validation(image)
    validation.manifest()
    return tuple(validation.found)


class _Validation:
    """Looks at one part after the other, and notes what is wrong."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.found: list[Mismatch] = []

    def _note(self, where: str, what: str, expected: object, actual: object) -> None:
        self.found.append(Mismatch(where, what, str(expected), str(actual)))

    def _compare(self, where: str, what: str, expected: object, actual: object) -> None:
        if expected != actual:
            self._note(where, what, expected, actual)

    def _pieces(self, where: str, desc: Descriptor) -> Iterator[bytes]:
        """A blob as far as it can be read, its size and digest compared at the end."""
        size, actual = 0, hashlib.sha256()
        try:
            with self._image.source.open(desc, verify=False) as stream:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    actual.update(piece)
                    yield piece
        except BlobNotFound:
            self._note(where, "content", desc.digest, "missing")
            return
        except SizeMismatch as error:  # a registry that sends more or less
            self._note(where, "size", desc.size, error.message)
            return
        self._compare(where, "size", desc.size, size)
        self._compare(where, "digest", desc.digest, Digest.from_hex(actual.hexdigest()))

    def manifest(self) -> None:
        """The manifest, and all that it refers to."""
        desc = self._image.descriptor
        raw = b"".join(self._pieces("manifest", desc))
        if not raw:
            return
        try:
            manifest = parse_manifest(raw, desc.media_type)
        except InvalidContent as error:
            self._note("manifest", "content", "an image manifest", error.message)
            return
        if not isinstance(manifest, Manifest):
            self._note("manifest", "content", "an image manifest", "an image index")
            return
        self._compare("manifest", "media type", desc.media_type, manifest.media_type or desc.media_type)
        config = self._config(manifest)
        if config is not None:
            self._compare("config", "number of DiffIDs", len(manifest.layers), len(config.rootfs.diff_ids))
            steps = sum(not step.empty_layer for step in config.history or ())
            if config.history:
                self._compare("config", "number of history steps with a layer", len(manifest.layers), steps)
        diff_ids = config.rootfs.diff_ids if config is not None else ()
        for index, layer in enumerate(manifest.layers):
            self._layer(f"layer {index}", layer, diff_ids[index] if index < len(diff_ids) else None)

    def _config(self, manifest: Manifest) -> ConfigFile | None:
        desc = manifest.config
        if not media.is_config(desc.media_type):
            self._note("config", "media type", media.OCI_CONFIG, desc.media_type)
        raw = b"".join(self._pieces("config", desc))
        if not raw:
            return None
        try:
            return parse_config(raw)
        except InvalidContent as error:
            self._note("config", "content", "an image configuration", error.message)
            return None

    def _layer(self, where: str, desc: Descriptor, diff_id: Digest | None) -> None:
        try:
            claimed = media.compression_of(desc.media_type)
        except UnsupportedMediaType:
            self._note(where, "media type", "a file system layer", desc.media_type)
            return
        ingest = LayerIngest(claimed)
        broken: DockmagicError | None = None
        head = b""
        for piece in self._pieces(where, desc):
            head = head or piece[:_HEAD]
            if broken is None:
                broken = _error(ingest.feed, piece)
        if not head:
            return
        if broken is None:
            if desc.media_type == media.OCTETS:
                self._note(where, "media type", "a file system layer", desc.media_type)
            else:
                self._compare(where, "compression", claimed.value or "none", detect(head).value or "none")
            try:
                actual, table = ingest.finish()
            except InvalidContent as error:
                broken = error
            else:
                self._tar(where, diff_id, actual, table)
        if broken is not None:
            self._note(where, "content", "a readable layer", broken.message)

    def _tar(self, where: str, diff_id: Digest | None, actual: Digest, table: LayerTOC) -> None:
        if diff_id is not None:
            self._compare(where, "DiffID", diff_id, actual)
        source = self._image.source
        known = find_table(source.home, actual) if isinstance(source, ContentStore) else None
        if known is not None and known != table:
            self._note(where, "file table", f"{len(table.entries)} entries of the layer", "another one")


def _error(feed: Callable[[bytes], None], piece: bytes) -> DockmagicError | None:
    try:
        feed(piece)
    except DockmagicError as error:
        return error
    return None
