"""A scripted registry on a real socket: it answers what a test tells it to, however hostile."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from dockmagic.oci import media
from dockmagic.oci.digest import Digest
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Descriptor

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

CONFIG = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": {"mediaType": media.OCI_CONFIG, "digest": Digest.of(CONFIG), "size": len(CONFIG)},
        "layers": [],
    }
).encode()


@dataclass
class Reply:
    """What to answer.

    Attributes:
        status: HTTP status.
        body: bytes, or anything for JSON.
        headers: further ones.
        cut: after so many bytes of the body, the connection is reset.
        delay: seconds before the answer.
        length: Content-Length if it is not the body's.
        chunked: without Content-Length, in chunks.
        raw: headers go out as they are, whatever they hold, and nothing is put right.
    """

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay: float = 0.0
    length: int | None = None
    chunked: bool = False
    raw: bool = False


@dataclass
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's fields."""
        return parse_qs(urlsplit(self.target).query)

    @property
    def authorization(self) -> str:
        """The header, empty if there is none."""
        return self.headers.get("authorization", "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            take = self.server.scripted.upload_cut
            if take is not None and length > take:
                self.server.scripted.upload_cut = None
                body = self.rfile.read(take)
                self._note(body)
                self._reset()
                return
            body = self.rfile.read(length)
        self._answer(self.server.scripted.reply_to(self._note(body)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  (http.server's names)

    def do_CONNECT(self) -> None:
        self._note(b"")
        self.send_error(502)

    def _note(self, body: bytes) -> Asked:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, body)
        self.server.scripted.asked.append(asked)
        return asked

    def _answer(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        if reply.raw:
            self._send_raw(reply, body)
            return
        for name, value in reply.headers.items():
            for single in value.split("\n"):
                self.send_header(name, single)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif reply.status != 204 and "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(body) if reply.length is None else reply.length))
        if reply.length is not None and reply.length != len(body):
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[: reply.cut])
        if reply.cut is not None:
            self._reset()

    def _send_raw(self, reply: Reply, body: bytes) -> None:
        headers = {"Content-Length": str(len(body)), **reply.headers}
        for name, value in headers.items():
            self._headers_buffer.append(f"{name}: {value}\r\n".encode("latin-1"))
        self.end_headers()
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    scripted: Scripted

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Clients may go away."""


class Scripted:
    """A server that answers by its script."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.scripted = self
        self._script: dict[tuple[str, str], list[Reply | Callable[[Asked], Reply]]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.upload_cut: int | None = None  # the next upload that is longer is cut off after so many bytes
        self.scheme = "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def start(self, context: ssl.SSLContext | None = None) -> None:
        """Begin to answer, over TLS if there is a context."""
        if context is not None:
            self.scheme = "https"
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_address[1]

    @property
    def host(self) -> str:
        """As a reference's domain."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{self.scheme}://{self.host}"

    def on(self, method: str, path: str, *replies: Reply | Callable[[Asked], Reply]) -> None:
        """Answer requests for `path` with these, one after the other; the last one stays."""
        self._script[method, path] = list(replies)

    def reply_to(self, asked: Asked) -> Reply:
        """The next reply of the script."""
        path = asked.target.partition("?")[0]
        script = self._script.get((asked.method, path))
        if not script:
            return Reply(404, {"errors": [{"code": "UNSCRIPTED", "message": f"{asked.method} {path}"}]})
        reply = script.pop(0) if len(script) > 1 else script[0]
        return reply(asked) if callable(reply) else reply

    def serve_manifest(self, repository: str, tag: str = "latest", raw: bytes = MANIFEST) -> Descriptor:
        """Answer HEAD and GET for an image manifest, by tag and by digest."""
        digest = Digest.of(raw)
        headers = {"Content-Type": media.OCI_MANIFEST, "Docker-Content-Digest": digest}
        for name in (tag, digest):
            path = f"/v2/{repository}/manifests/{name}"
            self.on("HEAD", path, Reply(headers={**headers, "Content-Length": str(len(raw))}))
            self.on("GET", path, Reply(body=raw, headers=headers))
        return Descriptor(media_type=media.OCI_MANIFEST, digest=digest, size=len(raw))

    def methods(self) -> list[str]:
        """Method and path of each request so far."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def ref(self, text: str) -> Reference:
        """A reference to something here."""
        return Reference.parse(f"{self.host}/{text}")


def blob(content: bytes, media_type: str = media.OCI_LAYER_GZIP) -> Descriptor:
    """The descriptor of `content`."""
    return Descriptor(media_type=media_type, digest=Digest.of(content), size=len(content))


def certify(certificate: Path, key: Path, name: str) -> None:
    """Make a self-signed certificate for `name` and for this machine."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
