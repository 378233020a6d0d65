"""One connection to the embedded registry as HTTP/1.1: who asks, the body that comes in, the answer that goes out."""

from __future__ import annotations

import errno
import re
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from dockmagic.oci.spec import to_json
from dockmagic.registry.transport.parsing import number
from dockmagic.registry.transport.read_limits import Malformed, TooSlow, limited_reader
from dockmagic.registry.transport.retry import RetryPolicy

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .service import Service

__all__ = ["Exchange"]

_CHUNK: Final = 256 * 1024
# A refused body up to this long is read to its end, so that the client reads the answer and keeps its connection.
_PATIENCE: Final = 8 * 1024 * 1024
_CHUNK_SIZE: Final = re.compile(rb"[0-9a-fA-F]{1,15}")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Exchange(BaseHTTPRequestHandler):
    """Reads the requests of one connection, one after another, and lets `respond` answer each."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, and must not wait for an acknowledgement between them
    server: Service

    def respond(self) -> None:
        """Answer the request that has come.

        Raises:
            Fault: with the specification's error, which is answered then.
        """
        raise NotImplementedError

    def setup(self) -> None:
        """Let the connection's bytes come within limits."""
        limits = self.server.limits
        super().setup()
        self.connection.settimeout(limits.idle)
        retry_policy = RetryPolicy(window=limits.window, slowest=limits.slowest, document=limits.head)
        self._arriving = limited_reader(self.rfile, retry_policy)
        self.rfile = self._arriving

    def handle_one_request(self) -> None:
        """Read a request and answer it; one that comes too slowly, or has no end, ends the connection."""
        self._arriving.restart()
        try:
            super().handle_one_request()
        except (TooSlow, Malformed, ConnectionError):
            self.close_connection = True

    def do_GET(self) -> None:
        """Answer a request, with the specification's error where it is refused."""
        self._unread: int | None = 0
        try:
            self.server.access.check_site(
                self.command,
                _authority(self.path),
                self.headers,
                arrived=str(self.connection.getsockname()[0]),
                needs_host=self.request_version != "HTTP/1.0",
            )
            self._unread = self._announced()
            self.server.access.check_login(self.headers.get("Authorization", ""))
            self.respond()
            self._drain()
        except Fault as fault:
            self._refuse(fault)
        except (ConnectionError, TimeoutError, TooSlow, Malformed):
            self.close_connection = True
        except OSError as error:
            if error.errno not in _FULL:
                self._fail()
                raise
            status = HTTPStatus.INSUFFICIENT_STORAGE
            self._refuse(Fault("UNKNOWN", "the registry's disk is full", status=status))
        except Exception:
            self._fail()
            raise

    do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - the names are the base class's

    def _refuse(self, fault: Fault) -> None:
        self._drain()
        self._answer(fault.status, fault.body(), "application/json", fault.headers)

    def _fail(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, Fault("UNKNOWN", "the registry failed").body())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request that can be read, in the specification's form."""
        del explain
        self.close_connection = True
        self.request_version = self.protocol_version
        status = HTTPStatus(code)
        words = "".join(c if c.isprintable() else "?" for c in message or status.phrase)[:200]
        with suppress(OSError):
            self._answer(status, Fault("UNSUPPORTED", words, status=status).body())

    # --- bodies and answers

    def _announced(self) -> int | None:
        """Bytes of the body that are not read yet; None where it comes in chunks.

        Raises:
            Fault: nobody knows where the request ends (RFC 9112, section 6.3).
        """
        coding = self.headers.get("Transfer-Encoding")
        lengths = {text.strip() for line in self.headers.get_all("Content-Length") or [] for text in line.split(",")}
        if coding is not None:
            if coding.strip().lower() != "chunked" or lengths:
                self.close_connection = True
                raise Fault("SIZE_INVALID", "Transfer-Encoding is chunked, and there is no Content-Length beside it")
            return None
        length = number(next(iter(lengths), "0"))
        if length is None or len(lengths) > 1:
            self.close_connection = True
            raise Fault("SIZE_INVALID", "Content-Length is not a number of bytes")
        return length

    def _body(self) -> Iterator[memoryview]:
        """The body in pieces, each valid until the next."""
        buffer = memoryview(bytearray(_CHUNK))
        if self._unread is None:
            while size := self._chunk_size():
                yield from self._exactly(size, buffer)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            self._unread = 0
        else:
            size, self._unread = self._unread, 0
            yield from self._exactly(size, buffer)

    def _chunk_size(self) -> int:
        match = _CHUNK_SIZE.fullmatch(self.rfile.readline().partition(b";")[0].strip())
        if match is None:
            raise ConnectionAbortedError
        return int(match[0], 16)

    def _exactly(self, size: int, buffer: memoryview) -> Iterator[memoryview]:
        while size:
            count = self.rfile.readinto1(buffer[: min(size, len(buffer))])
            if not count:
                raise ConnectionAbortedError
            size -= count
            yield buffer[:count]

    def _drain(self) -> None:
        if self._unread == 0:
            return
        seen = 0
        for piece in self._body():
            seen += len(piece)
            if seen > _PATIENCE:
                self.close_connection = True
                return

    def _answer(
        self,
        status: HTTPStatus,
        body: bytes = b"",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        *,
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Docker-Distribution-API-Version", "registry/2.0")
        if self.close_connection:
            self.send_header("Connection", "close")
        if status != HTTPStatus.NO_CONTENT:
            if body or length is not None:
                self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def _json(self, value: object, headers: dict[str, str] | None = None) -> None:
        self._answer(HTTPStatus.OK, to_json(value), "application/json", headers)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Tell whoever asked for it; the registry itself prints nothing."""
        del size
        if self.server.on_request is not None and self.command:  # None: not HTTP, such as a client that tries TLS
            self.server.on_request(self.command, self.path, int(code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""

    def version_string(self) -> str:
        """What the ``Server`` header says."""
        return "dockmagic"


def _authority(target: str) -> str:
    """The host of a request whose address is a whole URL (RFC 9112, section 3.2.2), else an empty text.

    Raises:
        Fault: the address cannot be read.
    """
    try:
        return urlsplit(target).netloc
    except ValueError:
        raise Fault("NAME_INVALID", "the request's address cannot be read") from None
