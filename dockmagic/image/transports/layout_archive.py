"""``oci-archive:FILE[:NAME]``: an OCI image layout in a tar."""

from __future__ import annotations

import io
import tarfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from dockmagic.image.archive.load import open_tar
from dockmagic.oci import media
from dockmagic.oci.digest import VerifiedReader
from dockmagic.oci.spec import Index, to_json

from .layout import LAYOUT_FILE, LayoutImages, renamed_lines, split_name
from .new_file import new_file
from .transport import ImageTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.image.source import ImageSource
    from dockmagic.oci.spec import Descriptor

    from .transport import CopySource, TransportContext

__all__ = ["TRANSPORT"]

_PIECE: Final = 1 << 20


@contextmanager
def _source(context: TransportContext, place: str) -> Iterator[CopySource]:
    path, name = split_name(place)
    with open_tar(path, context.store) as members:
        yield LayoutImages(members, str(path)).named(name)


@contextmanager
def _target(_context: TransportContext, place: str) -> Iterator[_ArchiveTarget]:
    path, name = split_name(place)
    with new_file(path) as file:
        yield _ArchiveTarget(file, name)


class _ArchiveTarget:
    threads = 1  # a tar is written from front to back
    refuses_incomplete = False

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115  closed by finish
        self._name = name
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        for folder in ("blobs", "blobs/sha256"):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            self._tar.addfile(member)

    def has(self, desc: Descriptor) -> bool:
        return _name(desc) in self._seen

    def mount(self, desc: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  (as `BlobTarget` has it)
        return False

    def put(self, desc: Descriptor, stream: BinaryIO, *, on_sent: Callable[[int], None]) -> None:
        verified = io.BufferedReader(VerifiedReader(stream, desc.digest, desc.size), _PIECE)
        self._add(_name(desc), desc.size, verified)
        verified.read(1)  # the end, where it is verified
        on_sent(desc.size)

    def put_manifest(self, desc: Descriptor, raw: bytes) -> None:
        self._add(_name(desc), len(raw), io.BytesIO(raw))

    def finish(self, desc: Descriptor, raw: bytes) -> None:
        self.put_manifest(desc, raw)
        index = to_json(
            Index(schema_version=2, media_type=media.OCI_INDEX, manifests=renamed_lines((), desc, self._name))
        )
        for name, data in (("oci-layout", LAYOUT_FILE), ("index.json", index)):
            self._add(name, len(data), io.BytesIO(data))
        self._tar.close()

    def _add(self, name: str, size: int, stream: BinaryIO | io.BufferedReader) -> None:
        if name in self._seen:
            return
        self._seen.add(name)
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o644
        self._tar.addfile(member, stream)


def _name(desc: Descriptor) -> str:
    return f"blobs/sha256/{desc.digest.hex}"


TRANSPORT: Final = ImageTransport(word="oci-archive", form="oci-archive:FILE[:NAME]", source=_source, target=_target)
