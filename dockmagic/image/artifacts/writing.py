"""New artifacts: their files and their manifest ("Guidelines for Artifact Usage")."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.spec import Descriptor, to_json
from dockmagic.store.home import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["CONTENT", "TITLE", "UNPACK", "NewFile", "artifact_manifest", "folder_archive", "media_type_of"]

#: Annotations of a file (annotations.md; the last two are oras').
TITLE: Final = "org.opencontainers.image.title"
UNPACK: Final = "io.deis.oras.content.unpack"
CONTENT: Final = "io.deis.oras.content.digest"
_EMPTY: Final = b"{}"

#: Types of files by their endings, where a registry's readers know them.
_TYPES: Final = {
    ".spdx.json": "application/spdx+json",
    ".cdx.json": "application/vnd.cyclonedx+json",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".json": "application/json",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".safetensors": "application/vnd.safetensors",
    ".onnx": "application/onnx",
}


def media_type_of(title: str) -> str:
    """The media type of a file by its name."""
    return next((kind for ending, kind in _TYPES.items() if title.lower().endswith(ending)), media.OCTETS)


class NewFile(msgspec.Struct, frozen=True):
    """One file of an artifact that is to be written.

    Attributes:
        descriptor: of its blob, with its title.
        data: its bytes, or where they are.
    """

    descriptor: Descriptor
    data: bytes | Path

    @classmethod
    def of(cls, title: str, data: bytes | Path, media_type: str = "", annotations: Mapping[str, str] = {}) -> NewFile:
        """A file under a title.

        Raises:
            InvalidInput: it cannot be read.
        """
        if isinstance(data, Path):
            try:
                with data.open("rb") as file:
                    digest = Digest.from_hex(hashlib.file_digest(file, "sha256").hexdigest())
                size = data.stat().st_size
            except OSError as error:
                raise InvalidInput(f"{data} cannot be read: {error.strerror}", hint="Check the path") from None
        else:
            digest, size = Digest.of(data), len(data)
        notes = {TITLE: title, **annotations}
        kind = media_type or media_type_of(title)
        return cls(Descriptor(media_type=kind, digest=digest, size=size, annotations=notes), data)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Its bytes."""
        if isinstance(self.data, bytes):
            yield io.BytesIO(self.data)
        else:
            with self.data.open("rb") as file:
                yield file


@contextmanager
def folder_archive(folder: Path, title: str, media_type: str = "") -> Iterator[NewFile]:
    """A folder as one file of an artifact, which readers unpack again; its archive lasts as long as the block.

    Raises:
        InvalidInput: something in it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="dockmagic-artifact-") as place:
        path, plain = Path(place) / "folder.tgz", hashlib.sha256()
        try:
            with path.open("wb") as file, disk_errors():
                _write_folder(file, folder, title, plain)
        except OSError as error:
            raise InvalidInput(
                f"{error.filename or folder} cannot be read: {error.strerror}", hint="Check the path"
            ) from None
        notes = {UNPACK: "true", CONTENT: f"sha256:{plain.hexdigest()}"}
        yield NewFile.of(title, path, media_type or media.OCI_LAYER_GZIP, notes)


def _write_folder(out: BinaryIO, folder: Path, title: str, plain: Any) -> None:
    from dockmagic.layer.compression.compress import Compressor
    from dockmagic.oci.media import Compression

    class Tee(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            plain.update(data)
            return packed.write(data)

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with (
        Compressor(out, Compression.GZIP, reproducible=True) as packed,
        tarfile.open(fileobj=Tee(), mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        tar.add(folder, arcname=title, recursive=False, filter=anonymous)
        for path in sorted(folder.rglob("*")):
            name = PurePosixPath(title, path.relative_to(folder).as_posix())
            tar.add(path, arcname=str(name), recursive=False, filter=anonymous)


def artifact_manifest(
    files: Sequence[NewFile],
    *,
    artifact_type: str,
    subject: Descriptor | None = None,
    annotations: Mapping[str, str] | None = None,
) -> tuple[bytes, NewFile]:
    """The manifest of an artifact, and the empty configuration that it has to have ("Guidelines for Artifact Usage").

    Args:
        files: its content; without any, the empty descriptor stands for it.
        artifact_type: such as ``application/vnd.example.model``.
        subject: of the manifest that it is about.
        annotations: of the manifest.
    """
    empty = NewFile(Descriptor(media_type=media.OCI_EMPTY, digest=Digest.of(_EMPTY), size=len(_EMPTY)), _EMPTY)
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": empty.descriptor,
        "layers": [file.descriptor for file in files] or [empty.descriptor],
    }
    if subject is not None:
        document["subject"] = subject
    if annotations:
        document["annotations"] = dict(annotations)
    return to_json(document), empty
