"""Uploading a blob: whole, and in chunks where that breaks off or is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from dockmagic.oci.errors import InvalidContent, RegistryError, RegistryUnavailable, SizeMismatch, StoreError
from dockmagic.registry.transport.connection_errors import Broken
from dockmagic.registry.transport.url import join, origin, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from urllib3.response import BaseHTTPResponse

    from dockmagic.oci.spec import Descriptor
    from dockmagic.registry.client.client import RegistryClient, RequestContext

__all__ = ["BlobUpload", "begin", "mount"]

_BLOCK = 1 << 20
_CHUNK = 32 << 20  # bytes: below the limits of the proxies that refuse whole blobs
_TOO_LARGE = 413
_GONE = (404, 410)
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")


def begin(client: RegistryClient, repository: str, context: RequestContext) -> str:
    """Open an upload; returns its address.

    Raises:
        RegistryError: the registry refuses or fails.
    """
    response = client.request("POST", f"/v2/{repository}/blobs/uploads/", context, good=(202,))
    client.drain(response)
    return _location(client, response, client.url(f"/v2/{repository}/blobs/uploads/"))


def mount(client: RegistryClient, repository: str, context: RequestContext, desc: Descriptor, other: str) -> str | None:
    """Ask for a blob of the repository `other`; None if it is there now, else the address of an upload, maybe empty.

    Raises:
        RegistryError: the registry fails; a plain refusal does not raise.
    """
    path = f"/v2/{repository}/blobs/uploads/"
    query = f"?mount={quote(desc.digest, safe=':')}&from={quote(other, safe='')}"
    response = client.exchange("POST", path + query, context, headers={"Content-Length": "0"})
    client.drain(response)
    if response.status == 201:
        return None
    return _location(client, response, client.url(path)) if response.status == 202 else ""


class BlobUpload:
    """One blob on its way up.

    Args:
        client: of the registry.
        repository: its name there.
        context: what for.
        desc: the blob.
        stream: its bytes; it may be read again from where the registry stands if it can seek.
        on_sent: gets the number of bytes that have gone up.
        address: of an upload that is already open, or empty.
    """

    def __init__(
        self,
        client: RegistryClient,
        repository: str,
        context: RequestContext,
        desc: Descriptor,
        stream: BinaryIO,
        *,
        on_sent: Callable[[int], None] | None = None,
        address: str = "",
    ) -> None:
        self._client = client
        self._repository = repository
        self._context = context
        self._desc = desc
        self._stream = stream
        self._on_sent = on_sent or (lambda _sent: None)
        self._address = address
        self._start = stream.tell() if stream.seekable() else 0
        self._read = 0  # bytes taken from the stream
        self._whole = True
        self._stopped: BaseException | None = None  # what the listener raised, which is no failure of the registry

    def run(self) -> None:
        """Send everything and close the upload.

        Raises:
            DigestMismatch: the registry received something else than the descriptor says.
            RegistryError: it refuses or fails.
        """
        attempt = 1
        offset = 0
        while True:
            try:
                if not self._address:
                    self._address, offset = begin(self._client, self._repository, self._context), 0
                elif attempt > 1:
                    offset = self._standing()
                response = self._send_whole(offset) if self._whole else self._send_chunks(offset)
                error = self._verdict(response)
                if error is None:
                    return
            except Broken as broken:
                if self._stopped is not None:
                    raise self._stopped from None
                error = broken
            attempt += 1
            self._client.again(attempt, error)

    def _verdict(self, response: BaseHTTPResponse) -> RegistryError | None:
        """What an answer means: None for done, an error that is worth another try, or an exception."""
        if response.status in {201, 204}:
            self._client.drain(response)
            return None
        error = self._client.refusal(response, self._context.target)
        if response.status == _TOO_LARGE and self._whole:
            self._whole = False
            self._address = ""
            return RegistryUnavailable(f"{self._context.target.domain} takes no blob in one piece", status=_TOO_LARGE)
        if response.status in _GONE or response.status == 416:
            self._address = ""
            return RegistryUnavailable(f"{self._context.target.domain} has closed the upload", status=response.status)
        if response.status in (408, 429, 500, 502, 503, 504) and isinstance(error, RegistryError):
            return error
        raise error

    def _send_whole(self, offset: int) -> BaseHTTPResponse:
        address, self._whole = self._address, offset == 0 and self._whole
        count = self._desc.size - offset
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(count)}
        if offset and count:
            headers["Content-Range"] = f"{offset}-{self._desc.size - 1}"
        separator = "&" if "?" in address else "?"
        url = f"{address}{separator}digest={quote(self._desc.digest, safe=':')}"
        body = (lambda: self._bytes(offset, count)) if count else b""
        return self._client.exchange("PUT", url, self._context, headers=headers, body=body)

    def _send_chunks(self, offset: int) -> BaseHTTPResponse:
        while (count := min(_CHUNK, self._desc.size - offset)) > 0:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(count),
                "Content-Range": f"{offset}-{offset + count - 1}",
            }
            begin_at = offset
            response = self._client.exchange(
                "PATCH",
                self._address,
                self._context,
                headers=headers,
                body=lambda at=begin_at, n=count: self._bytes(at, n),  # type: ignore[misc]
            )
            if response.status not in (202, 204):
                return response
            self._client.drain(response)
            self._go_on_at(response)
            offset += count
        return self._send_whole(offset)

    def _standing(self) -> int:
        """How many bytes the registry has; 0 and a new upload if it has forgotten."""
        response = self._client.exchange("GET", self._address, self._context)
        self._client.drain(response)
        match = _RANGE.fullmatch(response.headers.get("Range", ""))
        if response.status != 204 or (match is None and self._read):
            self._address = begin(self._client, self._repository, self._context)
            return 0
        self._go_on_at(response)
        # "0-0" is said both of an empty upload and of one that has a single byte; starting at 0 would repeat the byte.
        have = int(match[1]) + 1 if match is not None and match[1] != "0" else 0
        if have > self._desc.size or (have == 0 and match is not None and self._read):
            self._address = begin(self._client, self._repository, self._context)
            return 0
        self._whole = False
        return have

    def _go_on_at(self, response: BaseHTTPResponse) -> None:
        if "Location" in response.headers:  # where it is missing, the upload stays where it is
            self._address = _location(self._client, response, self._address)

    def _bytes(self, offset: int, count: int) -> Iterator[bytes]:
        if offset != self._read:
            if not self._stream.seekable():
                raise RegistryUnavailable(
                    f"the upload to {self._context.target.domain} broke off, and its source cannot be read again",
                    hint="Push again",
                )
            self._stream.seek(self._start + offset)
            self._read = offset
        while count:
            try:
                data = self._stream.read(min(_BLOCK, count))
            except OSError as error:
                raise StoreError(f"{self._desc.digest.short} cannot be read here: {error.strerror}") from None
            if not data:
                raise SizeMismatch(f"{self._desc.digest.short} ends after {self._read} of {self._desc.size} bytes")
            self._read += len(data)
            count -= len(data)
            yield data
            try:
                self._on_sent(self._read)
            except BaseException as stop:
                self._stopped = stop
                raise


def _location(client: RegistryClient, response: BaseHTTPResponse, current: str) -> str:
    text = response.headers.get("Location", "")
    if not text:
        raise InvalidContent(f"{client.endpoint.domain} opens an upload without saying where", hint="It is no registry")
    address = join(current, text)
    scheme, host, port = origin(address)
    home_scheme, home_host, home_port = origin(client.url("/"))
    if host == home_host and scheme == "http" and home_scheme == "https":
        # A registry behind a proxy that ends TLS does not know its own scheme: never leave TLS for it.
        port = home_port if port in (80, home_port) else 443
        address = str(parse(address)._replace(scheme="https", port=None if port == 443 else port).url)
    return address
