"""``dir:FOLDER``: one image in a folder, its blobs by their digests, as skopeo writes it (containers-transports(5))."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.oci import media
from dockmagic.oci.digest import Digest, VerifiedReader
from dockmagic.oci.documents import read_limited
from dockmagic.oci.errors import BlobNotFound, Conflict, ImageNotFound, InvalidInput
from dockmagic.oci.spec import Descriptor, Index, check_size, parse_manifest
from dockmagic.store.home import disk_errors

from .layout import write_file
from .transport import CopySource, ImageTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.reference import Reference

    from .transport import TransportContext

__all__ = ["TRANSPORT"]

#: Files that belong to an image.
_OURS: Final = re.compile(r"[0-9a-f]{64}(\.manifest\.json)?")
_VERSION: Final = b"Directory Transport Version: 1.1\n"


class _DirectorySource:
    """An `ImageSource`."""

    def __init__(self, folder: Path, root: Descriptor) -> None:
        self._folder = folder
        self._root = root

    def resolve(self, ref: Reference) -> Descriptor:  # noqa: ARG002  (there is one image)
        return self._root

    def read(self, desc: Descriptor) -> bytes:
        check_size(desc)
        with self.open(desc) as stream:
            return stream.read()

    @contextmanager
    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> Iterator[BinaryIO]:
        path = self._folder / _name(desc, self._root)
        try:
            stream = path.open("rb", buffering=0)
        except OSError:
            raise BlobNotFound(
                f"{self._folder} does not hold {desc.digest}", hint="Copy the image there again"
            ) from None
        with stream:
            stream.seek(offset)
            yield stream if offset or not verify else VerifiedReader(stream, desc.digest, desc.size)  # type: ignore[misc]


def _name(desc: Descriptor, root: Descriptor | None) -> str:
    if root is not None and desc.digest == root.digest:
        return "manifest.json"
    is_document = media.is_manifest(desc.media_type) or media.is_index(desc.media_type)
    return f"{desc.digest.hex}.manifest.json" if is_document else desc.digest.hex


@contextmanager
def _source(_context: TransportContext, place: str) -> Iterator[CopySource]:
    folder = Path(place).expanduser()
    try:
        with (folder / "manifest.json").open("rb") as file:
            raw = read_limited(file)
    except OSError:
        raise ImageNotFound(f"{folder} holds no image: it has no manifest.json", hint="Check the path") from None
    document = parse_manifest(raw)
    kind = document.media_type or (media.OCI_INDEX if isinstance(document, Index) else media.OCI_MANIFEST)
    root = Descriptor(media_type=kind, digest=Digest.of(raw), size=len(raw))
    yield CopySource(_DirectorySource(folder, root), root, None)


@contextmanager
def _target(_context: TransportContext, place: str) -> Iterator[_DirectoryTarget]:
    folder = Path(place).expanduser()
    if folder.exists() and not folder.is_dir():
        raise Conflict(f"{folder} is a file", hint="Name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "version").is_file():
        raise InvalidInput(f"{folder} has other files in it", hint="Name an empty folder, or one that is not there")
    with disk_errors():
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "version", io.BytesIO(_VERSION))
    yield _DirectoryTarget(folder)


class _DirectoryTarget:
    threads = 2
    refuses_incomplete = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = {"version", "manifest.json"}

    def has(self, desc: Descriptor) -> bool:
        name = _name(desc, None)
        self._names.add(name)
        try:
            return (self._folder / name).stat().st_size == desc.size
        except FileNotFoundError:
            return False

    def mount(self, desc: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  (as `BlobTarget` has it)
        return False

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None]) -> None:
        self._names.add(desc.digest.hex)
        write_file(self._folder / desc.digest.hex, stream, desc, on_sent=on_sent)

    def put_manifest(self, desc: Descriptor, raw: bytes) -> None:
        name = _name(desc, None)
        self._names.add(name)
        write_file(self._folder / name, io.BytesIO(raw), desc)

    def finish(self, desc: Descriptor, raw: bytes) -> None:
        write_file(self._folder / "manifest.json", io.BytesIO(raw), desc)
        # What an earlier image had there is nobody's now.
        for path in self._folder.iterdir():
            if path.name not in self._names and _OURS.fullmatch(path.name):
                path.unlink()


TRANSPORT: Final = ImageTransport(word="dir", form="dir:FOLDER", source=_source, target=_target)
