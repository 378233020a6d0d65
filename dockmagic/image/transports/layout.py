"""``oci:FOLDER[:NAME]``: an OCI image layout in a folder (image-layout.md)."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.image.archive.members import FolderMembers
from dockmagic.oci import media
from dockmagic.oci.digest import VerifiedReader
from dockmagic.oci.errors import BlobNotFound, Conflict, ImageNotFound, InvalidArchive, InvalidInput, InvalidReference
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Index, check_size, parse_manifest, to_json
from dockmagic.store.home import disk_errors
from dockmagic.store.lock import lock

from .transport import CopySource, ImageTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.archive.members import Members
    from dockmagic.image.source import ImageSource
    from dockmagic.oci.digest import Digest
    from dockmagic.oci.spec import Descriptor

    from .transport import TransportContext

__all__ = ["LAYOUT_FILE", "REF_NAME", "TRANSPORT", "LayoutImages", "renamed_lines", "split_name", "write_file"]

#: What stands in ``oci-layout``.
LAYOUT_FILE: Final = b'{"imageLayoutVersion":"1.0.0"}'
#: The annotation of a line in ``index.json`` that names it.
REF_NAME: Final = "org.opencontainers.image.ref.name"
_FULL_NAME: Final = "io.containerd.image.name"
_PIECE: Final = 1 << 20


def split_name(place: str) -> tuple[Path, str]:
    """A path and, after its first colon, the name of an image there; empty for none."""
    path, _, name = place.partition(":")
    if not path:
        raise InvalidInput(f"{place!r} names no file or folder", hint="Write its path, then : and the image's name")
    return Path(path).expanduser(), name


class LayoutImages:
    """The images of an image layout, in a folder or a tar: an `ImageSource`, blobs verified.

    Args:
        members: its files.
        where: for errors.
    """

    def __init__(self, members: Members, where: str) -> None:
        self._members = members
        self._where = where
        if "index.json" not in members:
            raise InvalidArchive(f"{where} is no image layout: it has no index.json", hint="Check the path")
        index = parse_manifest(members.read("index.json"), media.OCI_INDEX)
        self.lines: tuple[Descriptor, ...] = index.manifests if isinstance(index, Index) else ()

    def named(self, name: str) -> CopySource:
        """The only image, or the one with a name.

        Raises:
            ImageNotFound: there is none, or there are several.
        """
        found = {line.digest: line for line in self.lines if not name or name in _names(line)}
        if len(found) != 1:
            known = ", ".join(sorted({one for line in self.lines for one in _names(line)})) or "none has a name"
            what = f"{self._where} has no image {name}" if name else f"{self._where} holds {len(found)} images"
            raise ImageNotFound(what, hint=f"Name one of them after a colon: {known}")
        (line,) = found.values()
        return CopySource(self, _plain(line), _reference(line))

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest or index that a name stands for."""
        return self.named(str(ref)).descriptor

    def read(self, desc: Descriptor) -> bytes:
        """A document as a whole, verified."""
        check_size(desc)
        with self.open(desc) as stream:
            return stream.read()

    @contextmanager
    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> Iterator[BinaryIO]:
        """Read a blob; from `offset` 0 it is verified, unless the reader does it himself."""
        name = f"blobs/sha256/{desc.digest.hex}"
        if name not in self._members:
            raise BlobNotFound(f"{self._where} does not hold {desc.digest}", hint="Copy the image there again")
        with self._members.open(name, offset) as stream:
            yield stream if offset or not verify else VerifiedReader(stream, desc.digest, desc.size)  # type: ignore[misc]


def _plain(line: Descriptor) -> Descriptor:
    """A descriptor without what a list says besides."""
    return type(line)(media_type=line.media_type, digest=line.digest, size=line.size)


def _names(line: Descriptor) -> tuple[str, ...]:
    notes = line.annotations or {}
    return tuple(notes[key] for key in (REF_NAME, _FULL_NAME) if key in notes)


def _reference(line: Descriptor) -> Reference | None:
    for name in reversed(_names(line)):
        try:
            if "/" in name or ":" in name:
                return Reference.parse(name)
        except InvalidReference:
            continue
    return None


@contextmanager
def _source(_context: TransportContext, place: str) -> Iterator[CopySource]:
    folder, name = split_name(place)
    if not folder.is_dir():
        raise InvalidInput(f"there is no folder {folder}", hint="Check the path; for a file write oci-archive:")
    yield LayoutImages(FolderMembers(folder), str(folder)).named(name)


@contextmanager
def _target(_context: TransportContext, place: str) -> Iterator[_LayoutTarget]:
    folder, name = split_name(place)
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is a file", hint="Name a folder, or write oci-archive:")
    with disk_errors():
        (folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        if not (folder / "oci-layout").exists():
            write_file(folder / "oci-layout", io.BytesIO(LAYOUT_FILE))
    yield _LayoutTarget(folder, name)


class _LayoutTarget:
    threads = 2
    refuses_incomplete = False

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def _path(self, digest: Digest) -> Path:
        return self._folder / "blobs/sha256" / digest.hex

    def has(self, desc: Descriptor) -> bool:
        try:
            return self._path(desc.digest).stat().st_size == desc.size
        except FileNotFoundError:
            return False

    def mount(self, desc: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  (as `BlobTarget` has it)
        return False

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None]) -> None:
        write_file(self._path(desc.digest), stream, desc, on_sent=on_sent)

    def put_manifest(self, desc: Descriptor, raw: bytes) -> None:
        write_file(self._path(desc.digest), io.BytesIO(raw), desc)

    def finish(self, desc: Descriptor, raw: bytes) -> None:
        self.put_manifest(desc, raw)
        path = self._folder / "index.json"
        # Who copies into the layout at the same time has its line in the list, too.
        with (self._folder / "oci-layout").open("rb") as file:
            lock(file.fileno())
            known = LayoutImages(FolderMembers(self._folder), str(self._folder)).lines if path.exists() else ()
            lines = renamed_lines(known, desc, self._name)
            index = Index(schema_version=2, media_type=media.OCI_INDEX, manifests=lines)
            write_file(path, io.BytesIO(to_json(index)))


def renamed_lines(known: tuple[Descriptor, ...], desc: Descriptor, name: str) -> tuple[Descriptor, ...]:
    """The lines of an index after one more: a name moves on, a digest without a name stands there once."""
    others = [
        line for line in known if (name not in _names(line) if name else line.digest != desc.digest or _names(line))
    ]
    line = type(desc)(
        media_type=desc.media_type,
        digest=desc.digest,
        size=desc.size,
        annotations={REF_NAME: name} if name else None,
    )
    return (*others, line)


def write_file(
    path: Path, stream: BinaryIO, desc: Descriptor | None = None, *, on_sent: Callable[[int], None] = lambda _: None
) -> None:
    """Make a file in one step; what `desc` says of it is verified before it has its name.

    Raises:
        DigestMismatch: the stream is something else; nothing is left.
        OutOfSpace: the disk is full; nothing is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    verified = stream if desc is None else VerifiedReader(stream, desc.digest, desc.size)
    try:
        with disk_errors(), temporary.open("xb") as file:
            while piece := verified.read(_PIECE):
                file.write(piece)
                on_sent(file.tell())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


TRANSPORT: Final = ImageTransport(word="oci", form="oci:FOLDER[:NAME]", source=_source, target=_target)
