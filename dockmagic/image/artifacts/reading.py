"""Artifacts as they lie in a registry or image layout."""

from __future__ import annotations

import io
import os
import weakref
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from dockmagic.oci import media
from dockmagic.oci.errors import (
    InvalidDocument,
    NotSupported,
    PathNotFound,
    UnsafeEntry,
)
from dockmagic.oci.spec import Manifest, parse_manifest
from dockmagic.store.home import disk_errors

from .unpacking import unpack_folder
from .writing import CONTENT, TITLE, UNPACK, media_type_of

if TYPE_CHECKING:
    from contextlib import ExitStack

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor

__all__ = ["Artifact", "ArtifactFile"]

_PIECE: Final = 1 << 20


class ArtifactFile(msgspec.Struct, frozen=True):
    """One file of an artifact.

    Attributes:
        title: its name; empty if it has none.
        descriptor: of its blob.
    """

    title: str
    descriptor: Descriptor

    @property
    def media_type(self) -> str:
        """Of its content."""
        return self.descriptor.media_type

    @property
    def size(self) -> int:
        """Bytes of its content, as it is stored."""
        return self.descriptor.size

    @property
    def is_folder(self) -> bool:
        """Whether it is the archive of a folder: oras notes it, its Python client gives a layer's type."""
        said = (self.descriptor.annotations or {}).get(UNPACK)
        if said is not None:
            return said.lower() == "true"
        return self.media_type == media.OCI_LAYER_GZIP and bool(self.title) and not PurePosixPath(self.title).suffix


class Artifact:
    """An artifact as it lies in a registry or image layout; what is not asked for is not read.

    Args:
        source: where its blobs are.
        descriptor: of its manifest.

    Raises:
        InvalidDocument: it is an index, or broken.
    """

    def __init__(self, source: ImageSource, descriptor: Descriptor) -> None:
        self.source = source
        self.descriptor = descriptor
        document = parse_manifest(source.read(descriptor), descriptor.media_type)
        if not isinstance(document, Manifest):
            raise InvalidDocument(f"{descriptor.digest.short} is an index, not an artifact", hint="Name one of it")
        self.manifest: Manifest = document

    def keep_open(self, opened: ExitStack) -> None:
        """Close what its source has opened when it is forgotten."""
        weakref.finalize(self, opened.close)

    def __repr__(self) -> str:
        return f"<Artifact {self.type} {self.digest.short}: {', '.join(one.title or '?' for one in self.files)}>"

    @property
    def digest(self) -> Digest:
        """Of its manifest."""
        return self.descriptor.digest

    @property
    def type(self) -> str:
        """Of the artifact: what the manifest says, else the type of its configuration."""
        return self.manifest.artifact_type or self.manifest.config.media_type

    @property
    def annotations(self) -> dict[str, str]:
        """Of its manifest."""
        return dict(self.manifest.annotations or {})

    @property
    def subject(self) -> Digest | None:
        """The manifest that it is about."""
        return self.manifest.subject.digest if self.manifest.subject is not None else None

    @property
    def files(self) -> tuple[ArtifactFile, ...]:
        """Its content, in the manifest's order."""
        return tuple(
            ArtifactFile((desc.annotations or {}).get(TITLE, ""), desc)
            for desc in self.manifest.layers
            if desc.media_type != media.OCI_EMPTY
        )

    def file(self, title: str = "") -> ArtifactFile:
        """The file with a title, or the only one.

        Raises:
            PathNotFound: there is none, or several.
        """
        found = [one for one in self.files if not title or one.title == title]
        if len(found) != 1:
            known = ", ".join(one.title or "(no title)" for one in self.files) or "none"
            raise PathNotFound(
                f"the artifact has no file {title}" if title else f"the artifact has {len(found)} files",
                hint=f"Its files: {known}",
            )
        return found[0]

    def read(self, title: str = "") -> bytes:
        """The content of a file, verified; without a title, of the only one.

        Raises:
            PathNotFound: there is no such file.
            InvalidContent: it is not what its digest says.
        """
        with self.source.open(self.file(title).descriptor) as stream:
            return b"".join(iter(lambda: stream.read(_PIECE), b""))

    def frame(self, title: str = "") -> Any:
        """A file as a pandas frame: Parquet, CSV or JSON, by its type.

        Raises:
            PathNotFound: there is no such file.
            NotSupported: of another type, or pyarrow is missing.
        """
        import pandas as pd

        one = self.file(title)
        readers = {".parquet": pd.read_parquet, ".csv": pd.read_csv, ".json": pd.read_json}
        kind = next((ending for ending in readers if media_type_of(f"x{ending}") == one.media_type), "")
        kind = kind or next((ending for ending in readers if one.title.endswith(ending)), "")
        if not kind:
            raise NotSupported(f"{one.title} is {one.media_type}, no table", hint="Read its bytes with read()")
        try:
            return readers[kind](io.BytesIO(self.read(one.title)))
        except ImportError:
            raise NotSupported("pandas needs pyarrow for Parquet", hint="pip install dockmagic[parquet]") from None

    def save(self, folder: str | os.PathLike[str] = ".") -> tuple[Path, ...]:
        """Write its files into a folder, each verified before it has its name; the paths.

        Raises:
            UnsafeEntry: a title leads out of the folder.
            InvalidContent: a file is not what its digest says.
            OutOfSpace: the disk is full.
        """
        root = Path(folder).expanduser()
        places = [(one, _place(root, one)) for one in self.files]
        return tuple(self._save(one, root, path) for one, path in places)

    def _save(self, one: ArtifactFile, root: Path, path: Path) -> Path:
        with disk_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            # A link that was there before may lead elsewhere.
            if not path.parent.resolve().is_relative_to(root.resolve()):
                raise UnsafeEntry(f"{one.title!r} leads out of the folder by a link that is there")
            temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
            try:
                with self.source.open(one.descriptor) as stream, temporary.open("xb") as file:
                    while piece := stream.read(_PIECE):
                        file.write(piece)
                if one.is_folder:
                    notes = one.descriptor.annotations or {}
                    unpack_folder(temporary, one.title, root, expected=notes.get(CONTENT, ""))
                else:
                    temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        return path


def _place(root: Path, one: ArtifactFile) -> Path:
    """Where a file goes: its title is a path in the folder, one without a title goes by its digest."""
    title = one.title or one.descriptor.digest.hex
    pure = PurePosixPath(title)
    if pure.is_absolute() or ".." in pure.parts or "\0" in title or not pure.parts or "\\" in title:
        raise UnsafeEntry(f"the artifact's file {title[:100]!r} leads out of the folder")
    return root.joinpath(*pure.parts)
