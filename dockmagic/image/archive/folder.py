"""Images as an OCI image layout in a folder."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci import media
from dockmagic.oci.documents import read_limited
from dockmagic.oci.errors import Conflict, InvalidDocument
from dockmagic.oci.spec import Index, parse_manifest, to_json
from dockmagic.store.home import disk_errors

from .save import index_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor

__all__ = ["save_layout"]

_NAME: Final = "io.containerd.image.name"
_PIECE: Final = 1 << 20


def save_layout(images: Iterable[Image], folder: Path) -> None:
    """Write `images` into an image layout; what it has besides stays, and a name that it has moves on.

    Its ``index.json`` changes last, so whoever reads it finds all that it names.

    Args:
        images: what to save, each under its names: the standard's is the tag, as BuildKit writes it.
        folder: made if it is not there.

    Raises:
        Conflict: it is a file.
        InvalidDocument: its index is none.
        OutOfSpace: the disk is full.
    """
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is a file", hint="Name a folder")
    with disk_errors():
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        lines: list[Descriptor] = []
        for image in images:
            _put(folder, image.digest, io.BytesIO(image.raw_manifest))
            _put(folder, image.id, io.BytesIO(image.raw_config))
            for desc in image.manifest.layers:
                with image.source.open(desc) as stream:
                    _put(folder, desc.digest, stream)
            lines += index_lines(image, tags_alone=True)
        _write(folder / "oci-layout", io.BytesIO(b'{"imageLayoutVersion":"1.0.0"}'))
        index = Index(schema_version=2, media_type=media.OCI_INDEX, manifests=(*_others(folder, lines), *lines))
        _write(folder / "index.json", io.BytesIO(to_json(index)))


def _others(folder: Path, lines: list[Descriptor]) -> list[Descriptor]:
    """The lines that the layout keeps."""
    try:
        with (folder / "index.json").open("rb") as file:
            raw = read_limited(file)
    except FileNotFoundError:
        return []
    index = parse_manifest(raw, media.OCI_INDEX)
    if not isinstance(index, Index):
        raise InvalidDocument(f"{folder}/index.json is no index", hint="Name another folder")
    names, digests = {_name(line) for line in lines}, {line.digest for line in lines}
    return [
        line for line in index.manifests if (_name(line) not in names if _name(line) else line.digest not in digests)
    ]


def _name(line: Descriptor) -> str:
    return (line.annotations or {}).get(_NAME, "")


def _put(folder: Path, digest: Digest, stream: BinaryIO) -> None:
    path = folder / "blobs" / "sha256" / digest.hex
    if not path.exists():
        _write(path, stream)


def _write(path: Path, stream: BinaryIO) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            while piece := stream.read(_PIECE):
                file.write(piece)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
