"""Save: images into one archive."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.layer.compression.compress import Compressor
from dockmagic.layer.compression.plain import PlainLayer
from dockmagic.oci import media
from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.media import Compression, compression_of
from dockmagic.oci.spec import Descriptor, Index, to_json

from .sink import Sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockmagic.image.image import Image
    from dockmagic.image.layer import Layer

__all__ = ["index_lines", "save"]

_PIECE: Final = 1 << 20


def save(
    images: Iterable[Image],
    out: BinaryIO,
    *,
    form: str = "docker-archive",
    compression: Compression = Compression.NONE,
    tags_alone: bool = False,
) -> None:
    """Write `images`, each under its names, as one archive.

    A docker-archive is what docker itself writes since version 25: an image layout and docker's ``manifest.json`` in
    one, with the blobs as they are, so that manifests keep their digests. Images with zstd layers, which docker reads
    only since version 23, are written in docker's older form, with plain layers.

    Args:
        images: what to save; `Image.names` are written, an image without a name goes by its ID alone.
        out: a binary stream, not necessarily seekable.
        form: ``docker-archive`` (``docker save``; every docker, podman and skopeo reads it) or ``oci-archive``.
        compression: of the archive as a whole.
        tags_alone: the standard's name of an image is its tag, as BuildKit writes it, and not the whole name.

    Raises:
        InvalidInput: no images, or another form.
    """
    chosen = tuple(images)
    if not chosen:
        raise InvalidInput("there is no image to save", hint="Name one or more")
    if form not in ("docker-archive", "oci-archive"):
        raise InvalidInput(f"{form!r} is not a form of archive", hint="Use docker-archive or oci-archive")
    with Compressor(Sink(out), compression) as packed:  # type: ignore[arg-type]  # RawIOBase is a BinaryIO
        archive = _Archive(Sink(packed), tags_alone=tags_alone)
        if form == "oci-archive":
            archive.add_layout(chosen)
        elif not all(_is_read_everywhere(each) for each in chosen):
            archive.add_classic(chosen)
        else:
            archive.add_manifest_json(
                [_docker_item(each, "blobs/sha256/{}", "blobs/sha256/{}", _blob_hexes(each)) for each in chosen]
            )
            archive.add_layout(chosen)
        archive.close()


def _is_read_everywhere(image: Image) -> bool:
    kinds = {compression_of(layer.media_type) for layer in image.manifest.layers}
    return kinds <= {Compression.NONE, Compression.GZIP}


def _blob_hexes(image: Image) -> list[str]:
    return [layer.digest.hex for layer in image.manifest.layers]


def _docker_item(image: Image, config: str, layer: str, hexes: list[str]) -> dict[str, object]:
    return {
        "Config": config.format(image.id.hex),
        "RepoTags": [name.familiar for name in image.names if name.tag] or None,
        "Layers": [layer.format(hexed) for hexed in hexes],
    }


class _Archive:
    """A tar being written: owners, times and order are always the same, so equal images give equal bytes."""

    def __init__(self, out: io.RawIOBase, *, tags_alone: bool) -> None:
        self._tags_alone = tags_alone
        self._tar = tarfile.open(  # noqa: SIM115  # closed by close(), but not after a failure: no end marker then
            fileobj=out,  # type: ignore[call-overload]  # what typeshed asks for is more than a stream needs
            mode="w|",
            bufsize=_PIECE,
            copybufsize=_PIECE,
            format=tarfile.USTAR_FORMAT,
        )
        self._seen: set[str] = set()

    def close(self) -> None:
        self._tar.close()

    def add_layout(self, images: tuple[Image, ...]) -> None:
        """The members of an image layout (image-layout.md)."""
        # Skopeo gives a folder that no member names to root, which only root can.
        for folder in ("blobs", "blobs/sha256"):
            self._add_folder(folder)
        self._add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        lines = tuple(line for image in images for line in index_lines(image, tags_alone=self._tags_alone))
        self._add("index.json", to_json(Index(schema_version=2, media_type=media.OCI_INDEX, manifests=lines)))
        for image in images:
            self._add(f"blobs/sha256/{image.digest.hex}", image.raw_manifest)
            self._add(f"blobs/sha256/{image.id.hex}", image.raw_config)
            for desc in image.manifest.layers:
                name = f"blobs/sha256/{desc.digest.hex}"
                if name not in self._seen:
                    with image.source.open(desc) as stream:
                        self._add_stream(name, desc.size, stream)

    def add_classic(self, images: tuple[Image, ...]) -> None:
        """Docker's older form: configurations and plain layers, found by ``manifest.json`` alone."""
        items = []
        for image in images:
            self._add(f"{image.id.hex}.json", image.raw_config)
            for layer in image.layers:
                name = f"{layer.diff_id.hex}/layer.tar"
                if name not in self._seen:
                    self._add_plain(name, image, layer)
            hexes = [layer.diff_id.hex for layer in image.layers]
            items.append(_docker_item(image, "{}.json", "{}/layer.tar", hexes))
        self.add_manifest_json(items)

    def add_manifest_json(self, items: list[dict[str, object]]) -> None:
        """Docker's list of images."""
        self._add("manifest.json", to_json(items))

    def _add_plain(self, name: str, image: Image, layer: Layer) -> None:
        with image.source.open(layer.descriptor) as stream:
            plain = PlainLayer(stream, compression_of(layer.descriptor.media_type))
            self._add_stream(name, layer.table.size, io.BufferedReader(plain, _PIECE))

    def _add_folder(self, name: str) -> None:
        member = tarfile.TarInfo(name)
        member.type = tarfile.DIRTYPE
        member.mode = 0o755
        self._tar.addfile(member)

    def _add(self, name: str, data: bytes) -> None:
        if name not in self._seen:
            self._add_stream(name, len(data), io.BytesIO(data))

    def _add_stream(self, name: str, size: int, stream: BinaryIO) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        member.mode = 0o644
        self._seen.add(name)
        if isinstance(stream, io.RawIOBase):  # whose reads may be short, which tarfile takes for the end
            stream = io.BufferedReader(stream, _PIECE)
        self._tar.addfile(member, stream)
        stream.read(1)  # the end, where a verified stream raises


def index_lines(image: Image, *, tags_alone: bool) -> Iterator[Descriptor]:
    """One line of ``index.json`` per name: the standard's annotation, and containerd's, which podman prefers."""
    desc = image.descriptor
    plain = Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size)
    for name in image.names:
        short = name.tag if tags_alone and name.tag else str(name)
        notes = {"org.opencontainers.image.ref.name": short, "io.containerd.image.name": str(name)}
        yield Descriptor(media_type=desc.media_type, digest=desc.digest, size=desc.size, annotations=notes)
    if not image.names:
        yield plain
