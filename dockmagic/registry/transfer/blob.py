"""Reading a blob: verified, and taken up again by Range where the connection breaks off."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import DigestMismatch, RegistryUnavailable, SizeMismatch
from dockmagic.registry.transport.connection_errors import Broken, explain
from dockmagic.registry.transport.parsing import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer
    from urllib3.response import BaseHTTPResponse

    from dockmagic.oci.spec import Descriptor

__all__ = ["BlobReader"]

_SKIP = 1 << 20
_SLICE = 1 << 18  # bytes at a time: what has come is handed on, so that little is lost where a connection breaks
_GOOD_STRETCH = 1 << 20  # bytes after which a connection that breaks off counts as a fresh misfortune
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18}|\*)")


class BlobReader(io.RawIOBase):
    """The bytes of a blob from an offset on, each once and in order, whatever the connection does.

    Args:
        ask: sends the request for the blob, with a Range from the offset if it is not 0.
        desc: the blob.
        offset: where to begin.
        verify: whether to hash; only from offset 0.
        host: for errors.
        again: waits before the n-th attempt, and raises the error it is given if that is one too many.

    Raises:
        DigestMismatch: with the last bytes, which are not handed out.
        SizeMismatch: as soon as it is known.
    """

    def __init__(
        self,
        ask: Callable[[int], BaseHTTPResponse],
        desc: Descriptor,
        *,
        offset: int,
        verify: bool,
        host: str,
        again: Callable[[int, RegistryUnavailable], None],
    ) -> None:
        self._ask = ask
        self._desc = desc
        self._position = offset
        self._hash = hashlib.sha256() if verify and offset == 0 else None
        self._host = host
        self._again = again
        self._attempt = 1
        self._stretch = 0
        self._done = False
        self._response: BaseHTTPResponse | None = None
        try:
            self._open()
            if self._position == desc.size:
                self._end()
        except BaseException:
            self.close()
            raise

    def readable(self) -> bool:
        """Always true."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, all that is left if it is negative; empty at the end."""
        if size is None or size < 0:
            return self.readall()
        if self._done or size == 0:
            return b""
        while True:
            try:
                data = self._next(size)
            except RegistryUnavailable as error:
                self._resume(error)
                continue
            break
        self._position += len(data)
        self._stretch += len(data)
        if self._hash is not None:
            self._hash.update(data)
        if self._position >= self._desc.size:
            self._end()
        return data

    def readall(self) -> bytes:
        """All that is left."""
        return b"".join(iter(lambda: self.read(_SKIP), b""))

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` with the next bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give the connection back, or close it if the answer was not read to its end."""
        response, self._response = self._response, None
        if response is not None:
            if self._done:
                response.release_conn()
            else:
                response.close()
        super().close()

    def _next(self, size: int) -> bytes:
        if self._response is None:
            self._open()
        response = self._response
        assert response is not None  # noqa: S101  (for the type checker)
        try:
            data = response.read1(min(size, _SLICE))
        except (HTTPError, OSError, ValueError) as error:
            raise explain(error, self._host) from None
        if data:
            return data
        if response.length_remaining is None and not response.headers.get("Transfer-Encoding"):
            raise Broken(f"the connection to {self._host} broke off")  # its end is the only end that it can show
        raise SizeMismatch(f"{self._what} has {self._position} bytes, not the {self._desc.size} its descriptor says")

    def _open(self) -> None:
        offset = self._position
        if self._response is not None:
            self._response.close()
        self._response = None
        if offset >= self._desc.size > 0:
            return
        response = self._ask(offset)
        start, total = _extent(response, offset)
        if (total is not None and total != self._desc.size) or start > offset:
            response.close()
            if start > offset:
                raise RegistryUnavailable(f"{self._host} sends another part of {self._what} than was asked for")
            raise SizeMismatch(f"{self._what} has {total} bytes, not the {self._desc.size} its descriptor says")
        self._response = response
        self._stretch = 0
        self._skip(offset - start)

    def _skip(self, count: int) -> None:
        # A server that knows no Range sends all of it again.
        while count:
            data = self._next(min(count, _SKIP))
            count -= len(data)

    def _resume(self, error: RegistryUnavailable) -> None:
        if self._stretch >= _GOOD_STRETCH:
            self._attempt = 1
        while True:
            self._attempt += 1
            self._again(self._attempt, error)
            try:
                self._open()
            except RegistryUnavailable as further:
                error = further
                continue
            return

    def _end(self) -> None:
        if self._position > self._desc.size or (self._response is not None and self._more()):
            raise SizeMismatch(f"{self._what} has more than the {self._desc.size} bytes its descriptor says")
        if self._hash is not None:
            actual = Digest.from_hex(self._hash.hexdigest())
            if actual != self._desc.digest:
                raise DigestMismatch(f"content of {self._what} has the digest {actual}")
        self._done = True

    def _more(self) -> bool:
        response = self._response
        if response is None or response.length_remaining == 0:
            return False
        try:
            return bool(response.read(1))
        except (HTTPError, OSError, ValueError):
            return False  # all bytes are here; how the connection ends is no matter

    @property
    def _what(self) -> str:
        return f"{self._desc.digest.partition(':')[0]}:{self._desc.digest.short}"


def _extent(response: BaseHTTPResponse, offset: int) -> tuple[int, int | None]:
    """Where the answer's body begins in the blob, and the blob's length as far as the answer says."""
    if response.status == 206:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None:
            return offset, None
        return int(match[1]), number(match[2])
    return 0, number(response.headers.get("Content-Length", ""))
