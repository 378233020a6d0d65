"""The content store: blobs by digest, in an OCI image layout that other tools can read (image-layout.md)."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, BinaryIO

from dockmagic.oci import media
from dockmagic.oci.digest import Digest, VerifiedReader
from dockmagic.oci.errors import BlobNotFound, DigestMismatch, ImageNotFound
from dockmagic.oci.spec import Descriptor, check_size

from .home import disk_errors
from .lease import Lease
from .names import Named, Names, read_index, read_names, whole_index
from .partial import PartialWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dockmagic.oci.reference import Reference

    from .home import Home

__all__ = ["ContentStore", "Named"]

_PIECE = 1 << 18


class ContentStore:
    """The local images: a `BlobSource` and `BlobSink`; several processes and threads may use it at once.

    Args:
        home: where it lies.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self._names: tuple[tuple[int, int, int], tuple[Named, ...]] | None = None

    def __repr__(self) -> str:
        return f"ContentStore({str(self.home.store)!r})"

    # Names

    def names(self) -> tuple[Named, ...]:
        """Every image of ``index.json``, in the order in which they came; read again only when the file has changed.

        Raises:
            StoreTooNew: a later version of dockmagic wrote here.
            InvalidDocument: ``index.json`` is broken.
        """
        self.home.check()
        try:
            state = self.home.index.stat()
        except FileNotFoundError:
            return ()
        key = (state.st_mtime_ns, state.st_size, state.st_ino)
        if self._names is None or self._names[0] != key:
            self._names = (key, read_names(self.home))
        return self._names[1]

    def manifests(self) -> tuple[Descriptor, ...]:
        """Everything that ``index.json`` lists, other tools' entries too."""
        return read_index(self.home)

    def whole_index(self, ref: Reference) -> Descriptor | None:
        """The index that is kept for `ref` with everything in it; None if its image alone is here."""
        return whole_index(self.manifests(), ref)

    @contextlib.contextmanager
    def edit(self) -> Iterator[Names]:
        """Change names under one lock; written once, when the block ends without an error.

        Raises:
            StoreTooNew: a later version of dockmagic wrote here.
            OutOfSpace: the disk is full; the names stay as they were.
        """
        self.home.prepare()
        with self.home.lock("index"):
            names = Names(self.home, self.read)
            yield names
            names.save()

    def tag(
        self,
        ref: Reference,
        desc: Descriptor,
        *,
        index_digest: Digest | None = None,
        from_registry: bool = False,
        size: int | None = None,
    ) -> None:
        """`Names.set` for one name."""
        with self.edit() as names:
            names.set(ref, desc, index_digest=index_digest, from_registry=from_registry, size=size)

    def untag(self, ref: Reference) -> bool:
        """`Names.remove` for one name; whether it was there."""
        with self.edit() as names:
            return names.remove(ref)

    def find(self, ref: Reference) -> Named | None:
        """The entry that `ref` names here; None if there is none.

        A digest may be the manifest's or that of the index it was chosen from, in the same repository.
        """
        wanted = ref.canonical()
        entries = self.names()
        for entry in entries:
            if entry.ref == wanted:
                return entry
        if not wanted.digest:
            return None
        for entry in entries:
            where = entry.ref.name if entry.ref is not None else entry.repository
            if where == wanted.name and wanted.digest in (entry.index_digest, entry.descriptor.digest):
                return entry
        return None

    def resolve(self, ref: Reference) -> Descriptor:
        """The manifest that `ref` names here; see `find`.

        Raises:
            ImageNotFound: no image here has this name.
        """
        entry = self.find(ref)
        if entry is None:
            raise ImageNotFound(f"No such image: {ref.or_latest().familiar}", hint=f"Get it with `pull {ref.familiar}`")
        return entry.descriptor

    # Blobs

    def path(self, digest: Digest) -> Path:
        """The file of a blob, which may not be there; never write to it."""
        return self.home.blob(digest)

    def has(self, desc: Descriptor) -> bool:
        """Whether the blob is here; only whole and verified blobs ever are."""
        try:
            return self.path(desc.digest).stat().st_size == desc.size
        except FileNotFoundError:
            return False

    def read(self, desc: Descriptor) -> bytes:
        """A manifest or configuration as a whole, verified.

        Raises:
            BlobNotFound: it is not here.
            DigestMismatch: the file has changed.
            InvalidDocument: it is longer than any document.
        """
        check_size(desc)
        with self.file(desc) as file:
            # One byte more shows that it is another one: a file of any length may have been called a document.
            data = file.read(desc.size + 1)
        if Digest.of(data) != desc.digest:
            raise DigestMismatch(
                f"the stored content of {desc.digest} has changed", hint="Remove the image and pull it again"
            )
        return data

    @contextlib.contextmanager
    def open(self, desc: Descriptor, *, offset: int = 0, verify: bool = True) -> Iterator[BinaryIO]:
        """Read a blob; from `offset` 0 its digest is verified at the end, unless the reader verifies it himself.

        Raises:
            BlobNotFound: it is not here.
        """
        with self.file(desc) as file:
            if offset or not verify:
                file.seek(offset)
                yield file
            else:
                yield VerifiedReader(file, desc.digest, desc.size)  # type: ignore[misc]  # RawIOBase is a BinaryIO

    def file(self, desc: Descriptor) -> BinaryIO:
        """The blob as an open file, which can seek; for a reader who verifies the digest himself.

        Raises:
            BlobNotFound: it is not here.
        """
        try:
            return self.path(desc.digest).open("rb", buffering=0)
        except FileNotFoundError:
            raise _missing(desc) from None

    def writer(self, desc: Descriptor, *, stop: Callable[[], bool] | None = None) -> PartialWriter:
        """Take up (or begin) the blob `desc` where an earlier attempt stopped; waits while another one writes it.

        Args:
            desc: what it will be.
            stop: asked while waiting; true ends the wait with `InterruptedError`.

        Raises:
            InterruptedError: `stop` said so.
            OutOfSpace: the disk is full.
        """
        self.home.prepare()
        return PartialWriter(self.home, desc, stop=stop)

    def put(self, desc: Descriptor, stream: BinaryIO) -> None:
        """Store `stream` as `desc`: verified, atomic, nothing to do if it is here.

        Raises:
            DigestMismatch: it is something else; nothing is kept.
            SizeMismatch: likewise.
            OutOfSpace: the disk is full.
        """
        if self.has(desc):
            return
        with self.writer(desc) as writer:
            if writer.present:
                return
            writer.restart()
            while piece := stream.read(_PIECE):
                writer.write(piece)
            writer.commit()

    def adopt(self, desc: Descriptor, path: Path, *, durable: bool = True) -> None:
        """Make a finished file the blob that `desc` describes, without another look at it; the file is gone then.

        Args:
            desc: what the caller found it to be while writing it.
            path: the file, in the home's `partial` folder; nobody writes to it any more.
            durable: after a power failure too; not needed for what can be made anew.

        Raises:
            OutOfSpace: the disk is full.
        """
        with disk_errors():
            if self.has(desc):
                path.unlink()
                return
            if durable:
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            path.rename(self.path(desc.digest))

    def put_bytes(self, media_type: str, data: bytes, *, durable: bool = True) -> Descriptor:
        """Store a small document; returns its descriptor.

        Args:
            media_type: of the document.
            data: its bytes.
            durable: after a power failure too; not needed before something says that it is here.

        Raises:
            OutOfSpace: the disk is full.
        """
        desc = Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))
        if not self.has(desc):
            self.home.prepare()
            self.home.write(self.path(desc.digest), data, durable=durable)
        return desc

    def name(self, ref: Reference, desc: Descriptor, raw: bytes) -> None:
        """Store the platform manifest `raw` and let `ref` name it.

        Raises:
            BlobNotFound: its configuration is not here.
        """
        self.put(desc, io.BytesIO(raw))
        self.tag(ref, desc)

    # Running work

    def lease(self, digests: Iterable[Digest] = ()) -> Lease:
        """Keep the collector from blobs that running work will name at its end, see `Lease`."""
        return Lease(self.home, digests)


def _missing(desc: Descriptor) -> BlobNotFound:
    kind = "manifest" if media.is_manifest(desc.media_type) or media.is_index(desc.media_type) else "blob"
    return BlobNotFound(f"the {kind} {desc.digest} is not in the local store", hint="Pull the image again")
