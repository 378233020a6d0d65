"""One connection to the embedded registry as HTTP/1.1: who asks, the body that comes in, the answer that goes out."""

from __future__ import annotations

import base64
import hmac
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final

from dockmagic.oci.spec import to_json

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .service import Service

__all__ = ["Exchange"]

_CHUNK: Final = 256 * 1024
# A refused body up to this long is read to its end, so that the client reads the answer and keeps its connection.
_PATIENCE: Final = 8 * 1024 * 1024


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

    def do_GET(self) -> None:
        """Answer a request, with the specification's error where it is refused."""
        self._unread = self._announced()
        try:
            self._authorize()
            self.respond()
            self._drain()
        except Fault as fault:
            self._drain()
            self._answer(fault.status, fault.body(), "application/json", fault.headers)
        except ConnectionError:
            self.close_connection = True
        except Exception:
            self.close_connection = True
            with suppress(OSError):
                self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, Fault("UNKNOWN", "the registry failed").body())
            raise

    do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names are the base class's

    def _authorize(self) -> None:
        if not self.server.users:
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        user = password = ""
        if scheme.lower() == "basic":
            with suppress(ValueError):
                user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        known = self.server.users.get(user)
        if known is None or not hmac.compare_digest(password.encode(), known.encode()):
            headers = {"WWW-Authenticate": 'Basic realm="dockmagic"'}
            raise Fault("UNAUTHORIZED", "user name and password are needed", headers=headers)

    # --- bodies and answers

    def _announced(self) -> int | None:
        """Bytes of the body that are not read yet; None where it comes in chunks."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return None
        length = self.headers.get("Content-Length", "0")
        return int(length) if length.isdecimal() else 0

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
        try:
            return int(self.rfile.readline(100).partition(b";")[0], 16)
        except ValueError:
            raise ConnectionAbortedError from None

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
