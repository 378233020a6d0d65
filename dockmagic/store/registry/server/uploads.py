"""Uploads under way (distribution specification, "Pushing blobs")."""

from __future__ import annotations

import hashlib
import threading
import uuid
from typing import TYPE_CHECKING

from .faults import Fault
from .storage import hasher

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .storage import Storage

__all__ = ["Upload", "Uploads"]

_CHUNK = 1 << 20


class Upload:
    """One blob that arrives in pieces.

    Attributes:
        name: of its repository.
        token: names the upload in its URL.
        offset: bytes that have arrived.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.token = uuid.uuid4().hex
        self.offset = 0
        self.lock = threading.Lock()
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._sha256 = hashlib.sha256()

    def append(self, pieces: Iterable[memoryview]) -> None:
        """Write what has come next."""
        for piece in pieces:
            self._file.write(piece)
            self._sha256.update(piece)
            self.offset += len(piece)

    def finish(self, storage: Storage, digest: str) -> None:
        """Check the digest, and make a blob of what has arrived.

        Raises:
            Fault: ``DIGEST_INVALID``; nothing is kept.
        """
        wanted = hasher(digest)
        self._file.close()
        if wanted.name == self._sha256.name:
            wanted = self._sha256
        else:  # sha512 is rare: read again rather than hash everything twice
            with self._path.open("rb") as file:
                while piece := file.read(_CHUNK):
                    wanted.update(piece)
        if f"{wanted.name}:{wanted.hexdigest()}" != digest:
            self._path.unlink()
            raise Fault("DIGEST_INVALID", f"what was uploaded is not {digest}")
        storage.put_blob(self.name, digest, self._path)

    def discard(self) -> None:
        """Forget it."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Uploads:
    """All uploads under way; usable from several threads."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._open: dict[str, Upload] = {}

    def start(self, name: str) -> Upload:
        """Begin an upload to the repository `name`."""
        upload = Upload(name, self._storage.scratch())
        self._open[upload.token] = upload
        return upload

    def get(self, name: str, token: str) -> Upload:
        """The upload to `name` that `token` names.

        Raises:
            Fault: ``BLOB_UPLOAD_UNKNOWN``.
        """
        upload = self._open.get(token)
        if upload is None or upload.name != name:
            raise Fault("BLOB_UPLOAD_UNKNOWN", "there is no such upload; it may be finished or cancelled")
        return upload

    def finish(self, upload: Upload, digest: str) -> None:
        """Make a blob of the upload.

        Raises:
            Fault: ``DIGEST_INVALID``; the upload is over.
        """
        hasher(digest)  # a digest that cannot be read does not cost the upload
        self._open.pop(upload.token, None)
        upload.finish(self._storage, digest)

    def cancel(self, upload: Upload) -> None:
        """Forget the upload."""
        self._open.pop(upload.token, None)
        upload.discard()

    def close(self) -> None:
        """Forget all that is not finished."""
        for upload in list(self._open.values()):
            self.cancel(upload)
