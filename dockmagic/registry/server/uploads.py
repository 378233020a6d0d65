"""Uploads under way (distribution specification, "Pushing blobs")."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from .digests import hasher
from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .limits import ServerLimits
    from .storage import Storage

__all__ = ["Upload", "Uploads"]

_CHUNK = 1 << 20


class Upload:
    """One blob that arrives in pieces.

    Attributes:
        name: of its repository.
        token: names the upload in its URL.
        offset: bytes that have arrived.
        touched: when the last of them did, by the monotonic clock.
        lock: held by whoever writes to it.
        is_over: whether it is a blob now, or forgotten.
    """

    def __init__(self, name: str, path: Path, limit: int) -> None:
        self.name = name
        self.token = uuid.uuid4().hex
        self.offset = 0
        self.touched = time.monotonic()
        self.lock = threading.Lock()
        self.is_over = False
        self._path = path
        self._limit = limit
        self._path.touch(exist_ok=False)
        self._sha256 = hashlib.sha256()

    def append(self, pieces: Iterable[memoryview]) -> None:
        """Write what has come next.

        Raises:
            Fault: it is larger than any blob may be.
        """
        with self._path.open("ab") as file:  # not kept open: uploads may outnumber the files that a process may have
            for piece in pieces:
                if self.offset + len(piece) > self._limit:
                    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                    raise Fault("SIZE_INVALID", f"a blob has at most {self._limit} bytes", status=status)
                file.write(piece)
                self._sha256.update(piece)
                self.offset += len(piece)
                self.touched = time.monotonic()

    def finish(self, storage: Storage, digest: str) -> None:
        """Check the digest, and make a blob of what has arrived.

        Raises:
            Fault: ``DIGEST_INVALID``; nothing is kept.
        """
        self.is_over = True
        wanted = hasher(digest)
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
        self.is_over = True
        self._path.unlink(missing_ok=True)


class Uploads:
    """All uploads under way; usable from several threads.

    Args:
        storage: takes what is finished.
        limits: how many there may be, how large, and how long without a byte.
    """

    def __init__(self, storage: Storage, limits: ServerLimits) -> None:
        self._storage = storage
        self._limits = limits
        self._open: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def start(self, name: str) -> Upload:
        """Begin an upload to the repository `name`.

        Raises:
            Fault: ``TOOMANYREQUESTS``: too many are begun already.
        """
        self._forget_idle(self._limits.upload_idle)
        if len(self._open) >= self._limits.uploads:
            self._forget_idle(self._limits.idle)  # those that go on are worth more than those that may
        with self._lock:
            if len(self._open) >= self._limits.uploads:
                headers = {"Retry-After": "30"}
                raise Fault("TOOMANYREQUESTS", "too many uploads are begun and not finished", headers=headers)
            upload = Upload(name, self._storage.scratch(), self._limits.upload_size)
            self._open[upload.token] = upload
        return upload

    def get(self, name: str, token: str) -> Upload:
        """The upload to `name` that `token` names.

        Raises:
            Fault: ``BLOB_UPLOAD_UNKNOWN``.
        """
        self._forget_idle(self._limits.upload_idle)
        upload = self._open.get(token)
        if upload is None or upload.name != name:
            raise _unknown()
        return upload

    @contextmanager
    def taken(self, upload: Upload) -> Iterator[None]:
        """Have the upload for oneself; what cannot be written, or is too large, is forgotten.

        Raises:
            Fault: ``BLOB_UPLOAD_UNKNOWN``: it has ended meanwhile.
        """
        with upload.lock:
            if upload.is_over:
                raise _unknown()
            try:
                yield
            except Fault as fault:
                if fault.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                    self.cancel(upload)
                raise
            except ConnectionError:
                raise  # the client may go on with it
            except OSError:
                self.cancel(upload)
                raise

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

    def _forget_idle(self, seconds: float) -> None:
        oldest = time.monotonic() - seconds
        for upload in list(self._open.values()):
            if upload.touched < oldest and upload.lock.acquire(blocking=False):
                try:
                    if not upload.is_over and upload.touched < oldest:
                        self.cancel(upload)
                finally:
                    upload.lock.release()


def _unknown() -> Fault:
    return Fault("BLOB_UPLOAD_UNKNOWN", "there is no such upload; it may be finished, cancelled or forgotten")
