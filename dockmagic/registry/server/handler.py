"""The endpoints of the distribution specification, as the embedded registry answers them."""

from __future__ import annotations

import os
import re
import time
from http import HTTPStatus
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from dockmagic.oci import media
from dockmagic.oci.spec import DOCUMENT_LIMIT, to_json
from dockmagic.registry.transport.parsing import number

from .digests import digest_of, hasher
from .faults import Fault
from .paging import page
from .search import search
from .upload_handler import UploadHandler, require_name

__all__ = ["Handler"]

_PAGE: Final = 1000
_PIECE: Final = 1 << 20  # bytes that are sent between two looks at the clock
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")


class _Route(NamedTuple):
    """An endpoint: the method's name in `Handler` for each HTTP method."""

    pattern: re.Pattern[str]
    methods: dict[str, str]


def _route(pattern: str, **methods: str) -> _Route:
    return _Route(re.compile(pattern), methods)


# In this order: a repository may itself be called "a/blobs/uploads", as its last component is taken first.
_ROUTES: Final = (
    _route(r"/v2/?", GET="check"),
    _route(r"/v2/_catalog", GET="catalog"),
    _route(r"/v1/search", GET="search"),
    _route(r"/v2/(.+)/tags/list", GET="tags"),
    _route(r"/v2/(.+)/manifests/([^/]+)", GET="get_manifest", PUT="put_manifest", DELETE="delete_manifest"),
    _route(r"/v2/(.+)/blobs/uploads/?", POST="start_upload"),
    _route(
        r"/v2/(.+)/blobs/uploads/([^/]+)",
        GET="upload_status",
        PATCH="upload_chunk",
        PUT="finish_upload",
        DELETE="cancel_upload",
    ),
    _route(r"/v2/(.+)/blobs/([^/]+)", GET="get_blob", DELETE="delete_blob"),
    _route(r"/v2/(.+)/referrers/([^/]+)", GET="referrers"),
)


class Handler(UploadHandler):
    """Answers the requests of one connection, one after another."""

    every: dict[str, list[str]]

    def respond(self) -> None:
        """Find the endpoint's method."""
        url = urlsplit(self.path)
        self.every = parse_qs(url.query, keep_blank_values=True)
        self.query = {key: values[0] for key, values in self.every.items()}
        for pattern, methods in _ROUTES:
            match = pattern.fullmatch(url.path)
            if match is None:
                continue
            method = methods.get("GET" if self.command == "HEAD" else self.command)
            if method is None:
                raise Fault("UNSUPPORTED", f"{self.command} is not supported here")
            if match.groups():
                require_name(match[1])
            getattr(self, method)(*match.groups())
            return
        raise Fault("UNSUPPORTED", f"there is nothing at {url.path[:200]}", status=HTTPStatus.NOT_FOUND)

    # --- the registry as a whole

    def check(self) -> None:
        """end-1: whether this is a registry."""
        self._answer(HTTPStatus.OK, b"{}")

    def catalog(self) -> None:
        """``/v2/_catalog``: all repositories, in pages."""
        self._paged("repositories", self.server.storage.repositories(), {})

    def search(self) -> None:
        """``/v1/search``: as Docker Hub does it."""
        size = min(max(self._number("n", 25), 1), 100)
        number = max(self._number("page", 1), 1)
        self._json(
            search(self.server.listings, self.server.storage.repositories(), self.query.get("q", ""), size, number)
        )

    def tags(self, name: str) -> None:
        """end-8: the tags of a repository, in pages."""
        self._paged("tags", self.server.storage.tags(name), {"name": name})

    def _paged(self, key: str, names: list[str], answer: dict[str, Any]) -> None:
        size = self._number("n", _PAGE)
        answer[key], more = page(names, size, self.query.get("last", ""))
        headers = {}
        if more:
            where = urlsplit(self.path).path + "?" + urlencode({"last": answer[key][-1], "n": size})
            headers["Link"] = f'<{where}>; rel="next"'
        self._json(answer, headers)

    def _number(self, key: str, default: int) -> int:
        text = self.query.get(key, "")
        if not text:
            return default
        found = number(text)
        if found is None:
            raise Fault("UNSUPPORTED", f"{key} is a number", status=HTTPStatus.BAD_REQUEST)
        return found

    # --- manifests

    def get_manifest(self, name: str, reference: str) -> None:
        """end-3: a manifest or index by tag or digest."""
        digest = self.server.storage.resolve(name, reference)
        media_type, raw = self.server.storage.manifest(name, digest)
        self._answer(HTTPStatus.OK, raw, media_type, {"Docker-Content-Digest": digest, "ETag": f'"{digest}"'})

    def put_manifest(self, name: str, reference: str) -> None:
        """end-7: store a manifest under a tag, or under its digest with ``?tag=`` as often as wanted."""
        raw = bytearray()
        for piece in self._body():
            raw += piece
            if len(raw) > DOCUMENT_LIMIT:
                raise Fault(
                    "MANIFEST_INVALID",
                    f"a manifest has at most {DOCUMENT_LIMIT} bytes",
                    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                )
        by_digest = ":" in reference
        if by_digest:
            hasher(reference)
        tags = tuple(self.every.get("tag", ())) if by_digest else (reference,)
        digest = digest_of(bytes(raw), reference if by_digest else "sha256:")
        if by_digest and digest != reference:
            raise Fault("DIGEST_INVALID", f"the manifest is {digest}, not {reference}")
        media_type = self.headers.get("Content-Type", media.OCI_MANIFEST).partition(";")[0].strip()
        if _MEDIA_TYPE.fullmatch(media_type) is None:
            raise Fault("MANIFEST_INVALID", "Content-Type is not a media type")
        subject = self.server.storage.put_manifest(name, digest, media_type, bytes(raw), tags)
        headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
        if subject:
            headers["OCI-Subject"] = subject
        if by_digest and tags:
            headers["OCI-Tag"] = ", ".join(tags)
        self._answer(HTTPStatus.CREATED, headers=headers)

    def delete_manifest(self, name: str, reference: str) -> None:
        """end-9: delete a tag, or a manifest with its tags."""
        self.server.storage.delete_manifest(name, reference)
        self._answer(HTTPStatus.ACCEPTED)

    def referrers(self, name: str, subject: str) -> None:
        """end-12: what refers to a manifest as its subject."""
        found = self.server.storage.referrers(name, subject)
        headers = {}
        kind = self.query.get("artifactType")
        if kind:
            found = [one for one in found if one.get("artifactType") == kind]
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": found}
        self._answer(HTTPStatus.OK, to_json(index), media.OCI_INDEX, headers)

    # --- blobs

    def get_blob(self, name: str, digest: str) -> None:
        """end-2: a blob, or a range of it (RFC 9110, section 14)."""
        with self.server.storage.open_blob(name, digest) as file:
            size = os.fstat(file.fileno()).st_size
            headers = {"Docker-Content-Digest": digest, "Accept-Ranges": "bytes", "ETag": f'"{digest}"'}
            first, end = self._range(size)
            status = HTTPStatus.OK
            if (first, end) != (0, size):
                status = HTTPStatus.PARTIAL_CONTENT
                headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
            self._answer(status, b"", "application/octet-stream", headers, length=end - first)
            if self.command != "HEAD" and end > first:
                self._send(file, first, end - first)

    def _range(self, size: int) -> tuple[int, int]:
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None or match.groups() == ("", ""):
            return 0, size  # several ranges, or another unit: the whole is a right answer
        if match[1]:
            first, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        else:
            first, end = max(size - int(match[2]), 0), size
        if first >= end:
            headers = {"Content-Range": f"bytes */{size}"}
            status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            raise Fault("SIZE_INVALID", f"the blob has {size} bytes", status=status, headers=headers)
        return first, end

    def _send(self, file: BinaryIO, first: int, count: int) -> None:
        self.wfile.flush()
        limits = self.server.limits
        begin, sent = time.monotonic(), 0
        while sent < count:
            sent += self.connection.sendfile(file, first + sent, min(_PIECE, count - sent))
            elapsed = time.monotonic() - begin
            if elapsed > limits.window and sent < limits.slowest * elapsed:
                raise ConnectionAbortedError  # it holds a thread, and hardly reads

    def delete_blob(self, name: str, digest: str) -> None:
        """end-10: take a blob from a repository."""
        self.server.storage.delete_blob(name, digest)
        self._answer(HTTPStatus.ACCEPTED)
