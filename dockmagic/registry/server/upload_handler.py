"""The endpoints for uploads of blobs (distribution specification, "Pushing blobs")."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from .exchange import Exchange
from .faults import Fault

if TYPE_CHECKING:
    from .uploads import Upload

__all__ = ["UploadHandler", "require_name"]

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_NAME_LIMIT: Final = 255
_CONTENT_RANGE = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?")


class UploadHandler(Exchange):
    """Answers requests about uploads."""

    query: dict[str, str]

    def start_upload(self, name: str) -> None:
        """end-4 and end-11: begin an upload, do it at once (``?digest=``), or mount a blob (``?mount=``)."""
        mount = self.query.get("mount")
        source = self.query.get("from", "")
        if source:
            require_name(source)
        if mount and self.server.storage.mount(name, mount, source):
            self._created(name, mount)
            return
        upload = self.server.uploads.start(name)
        if "digest" in self.query:
            try:
                with self.server.uploads.taken(upload):
                    self._finish(upload)
            except BaseException:
                self.server.uploads.cancel(upload)  # nobody knows its address
                raise
        else:
            self._accepted(HTTPStatus.ACCEPTED, upload)

    def upload_status(self, name: str, token: str) -> None:
        """end-13: how much has arrived."""
        self._accepted(HTTPStatus.NO_CONTENT, self.server.uploads.get(name, token))

    def upload_chunk(self, name: str, token: str) -> None:
        """end-5: the next bytes."""
        upload = self.server.uploads.get(name, token)
        with self.server.uploads.taken(upload):
            self._check_place(upload)
            upload.append(self._body())
        self._accepted(HTTPStatus.ACCEPTED, upload)

    def finish_upload(self, name: str, token: str) -> None:
        """end-6: the last bytes, if any, and the digest."""
        upload = self.server.uploads.get(name, token)
        if "digest" not in self.query:
            raise Fault("DIGEST_INVALID", "the digest is missing")
        with self.server.uploads.taken(upload):
            self._check_place(upload)
            self._finish(upload)

    def cancel_upload(self, name: str, token: str) -> None:
        """Forget an upload."""
        upload = self.server.uploads.get(name, token)
        with self.server.uploads.taken(upload):
            self.server.uploads.cancel(upload)
        self._answer(HTTPStatus.NO_CONTENT)

    def _check_place(self, upload: Upload) -> None:
        header = self.headers.get("Content-Range")
        if header is None:
            return
        match = _CONTENT_RANGE.fullmatch(header)
        if match is None:
            raise Fault("BLOB_UPLOAD_INVALID", f"Content-Range is FIRST-LAST, not {header!r}")
        first, last = int(match[1]), int(match[2])
        if first != upload.offset or (self._unread is not None and last - first + 1 != self._unread):
            headers = self._place(upload)
            status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            message = f"{upload.offset} bytes have arrived; the next chunk begins there"
            raise Fault("BLOB_UPLOAD_INVALID", message, status=status, headers=headers)

    def _finish(self, upload: Upload) -> None:
        digest = self.query["digest"]
        upload.append(self._body())
        self.server.uploads.finish(upload, digest)
        self._created(upload.name, digest)

    def _place(self, upload: Upload) -> dict[str, str]:
        return {
            "Location": f"/v2/{upload.name}/blobs/uploads/{upload.token}",
            "Range": f"0-{max(upload.offset - 1, 0)}",
            "Docker-Upload-UUID": upload.token,
        }

    def _accepted(self, status: HTTPStatus, upload: Upload) -> None:
        self._answer(status, headers=self._place(upload))

    def _created(self, name: str, digest: str) -> None:
        headers = {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
        self._answer(HTTPStatus.CREATED, headers=headers)


def require_name(name: str) -> None:
    """Check the name of a repository.

    Raises:
        Fault: ``NAME_INVALID``.
    """
    if _NAME.fullmatch(name) is None or len(name) > _NAME_LIMIT:
        raise Fault("NAME_INVALID", f"{name[:_NAME_LIMIT]!r} is not a repository name")
