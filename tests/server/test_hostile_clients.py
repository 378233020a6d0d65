"""Clients that may not ask, ask nonsense, or hold the registry up: each gets an error, and others go on."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import bcrypt
import pytest

from dockmagic.oci.errors import InvalidInput
from dockmagic.registry.server import Htpasswd, RegistryServer, ServerLimits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LONG = "9" * 5000
QUICK = ServerLimits(
    connections=4, idle=0.5, head=0.6, window=0.3, slowest=1000, uploads=3, upload_idle=60, upload_size=1000
)


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    """An empty registry."""
    with RegistryServer() as server:
        yield server


@pytest.fixture
def quick() -> Iterator[RegistryServer]:
    """One with small limits."""
    with RegistryServer(limits=QUICK) as server:
        yield server


def said(server: RegistryServer, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """What is answered to these bytes: status, headers and body."""
    host, _, port = server.host.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as connection:
        connection.sendall(request)
        with closing(
            http.client.HTTPResponse(connection, method=request.partition(b" ")[0].decode("latin-1"))
        ) as response:
            response.begin()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def asked(server: RegistryServer, method: str = "GET", path: str = "/v2/", body: bytes = b"", **headers: str) -> int:
    """The status of the answer, whose body is the specification's error if it is one."""
    lines = {"Host": server.host, "Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    status, found, answer = said(server, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
    if status >= 400 and method != "HEAD":
        assert found["content-type"] == "application/json"
        (error,) = json.loads(answer)["errors"]
        assert error["code"].isupper()
        assert error["message"]
    return status


def basic(user: str, password: str) -> str:
    """An ``Authorization`` header's value."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# --- who may ask


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:1234", 200),
        ("registry.localhost:5000", 200),
        ("127.0.0.1", 200),
        ("127.5.5.5:80", 200),
        ("[::1]:5000", 200),
        ("here.example:5000", 200),
        ("evil.example", 403),
        ("evil.example:5000", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("0.0.0.0", 403),  # noqa: S104 - a name that is sent
        ("[::]", 403),
        ("8.8.8.8", 403),
        ("evil.example\\@localhost", 403),
        ("localhost@evil.example", 403),
        ("[::", 403),
        ("", 200),
    ],
)
def test_only_its_own_names_reach_it(host: str, status: int) -> None:
    """A page's own name that resolves to this machine is none of them (DNS rebinding)."""
    with RegistryServer(hosts=["Here.Example"]) as server:
        assert asked(server, Host=host) == status
        assert asked(server, "POST", "/v2/a/blobs/uploads/", Host=host) == (202 if status == 200 else 403)


def test_a_request_has_one_host(registry: RegistryServer) -> None:
    """The one in its address, if it is a whole one, goes before the header."""
    assert said(registry, b"GET /v2/ HTTP/1.1\r\n\r\n")[0] == 400
    assert said(registry, b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")[0] == 400
    assert said(registry, b"GET /v2/ HTTP/1.0\r\n\r\n")[0] == 200
    assert asked(registry, path="http://evil.example/v2/", Host="localhost") == 403
    assert asked(registry, path=f"http://{registry.host}/v2/") == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://{host}"}, 202),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:8888"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate"}, 403),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://{host}"}, 202),
        ({"Sec_Fetch_Site": "none"}, 202),
    ],
)
def test_pages_of_other_sites_cannot_push(registry: RegistryServer, headers: dict[str, str], status: int) -> None:
    """A form of any page can POST to this machine, and its script can read what is not guarded."""
    sent = {name: value.format(host=registry.host) for name, value in headers.items()}
    assert asked(registry, "POST", "/v2/a/blobs/uploads/", **sent) == status
    assert asked(registry, "GET", "/v2/", **sent) == (403 if status == 403 and "Sec_Fetch_Mode" not in headers else 200)
    assert asked(registry, "OPTIONS", "/v2/", **sent) == (405 if status == 202 else 403)


def test_a_server_for_others_is_reached_by_the_address_they_use() -> None:
    """Also where it listens on all of them."""
    with RegistryServer(host="0.0.0.0") as server:  # noqa: S104 - what is tested; for a moment, and empty
        port = server.host.rpartition(":")[2]
        for host, status in (
            (f"127.0.0.1:{port}", 200),
            (f"{socket.gethostname()}:{port}", 200),
            ("evil.example", 403),
        ):
            with closing(http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)) as connection:
                connection.request("GET", "/v2/", headers={"Host": host})
                assert connection.getresponse().status == status


def test_users_of_an_htpasswd_file_come_in(tmp_path: Path) -> None:
    """Those that `htpasswd -B` writes, under each of the names of bcrypt."""
    file = tmp_path / "htpasswd"
    hashed = bcrypt.hashpw("s3crét:x".encode(), bcrypt.gensalt(4)).decode()
    long = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    file.write_text(f"# people\n\nann:{hashed}\nbob:{hashed.replace('$2b$', '$2y$')}\nlong:{long}\n")
    with RegistryServer(users=Htpasswd(file)) as server:
        for user in ("ann", "bob", "ann"):
            assert asked(server, Authorization=basic(user, "s3crét:x")) == 200
        assert asked(server, Authorization=basic("long", "x" * 80)) == 200
        wrong = (
            ("ann", "wrong"),
            ("eve", "s3crét:x"),
            ("", ""),
            ("ann", ""),
            ("ann", "s3crét:x\0"),
            ("ann", "x" * 9999),
        )
        for user, password in wrong:
            assert asked(server, Authorization=basic(user, password)) == 401
        for header in ("", "Basic", "Basic !", "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Bearer x"):
            assert asked(server, Authorization=header) == 401
        assert asked(server, "POST", "/v2/a/blobs/uploads/") == 401
        assert asked(server, path="/v2/_catalog") == 401


@pytest.mark.parametrize(
    "text", ["", "ann", "ann:secret", "ann:$apr1$x$y", "ann:{SHA}x", ":$2y$05$" + "a" * 53, "\0\n"]
)
def test_a_file_of_users_that_lets_nobody_in_is_refused(tmp_path: Path, text: str) -> None:
    """At the start, rather than with each login."""
    file = tmp_path / "htpasswd"
    file.write_text(text)
    with pytest.raises(InvalidInput, match="htpasswd"):
        Htpasswd(file)
    with pytest.raises(InvalidInput, match="cannot be read"):
        Htpasswd(tmp_path / "none")


# --- nonsense


PATHS = (
    *(
        "http://[::",
        "http://[::/v2/",
        "//[::",
        "*",
        "/",
        "/v2",
        "/v2/%",
        "/v2/\xff/tags/list",
        "/v2/a/tags/list?n=" + LONG,
    ),
    *("/v2/a/tags/list?n=-1", "/v2/a/tags/list?n=\xb2", f"/v2/_catalog?n={LONG}&last=%ff", "/v2/_catalog?last=%00&n=1"),
    *(
        f"/v1/search?q=a&n={LONG}",
        f"/v1/search?page={LONG}",
        "/v1/search?q=%00",
        "/v2/a/manifests/%00",
        "/v2/a/blobs/x",
    ),
    *(
        "/v2/a/blobs/sha256:" + "A" * 64,
        "/v2/a/referrers/x",
        "/v2/a/blobs/uploads/%00",
        "/v2/" + "a/" * 5000 + "tags/list",
    ),
    *("/v2/a/manifests/" + "a" * 9000, "/v2/a/blobs/uploads/?mount=x&from=y", "/v2/a/blobs/uploads/?digest=x"),
    *(
        "/v2/a/blobs/uploads/?mount=sha256:" + "0" * 64 + "&from=%00",
        "/v2/a/blobs/uploads/?mount=sha256:" + "0" * 64 + "&from=..",
    ),
    "/v2/a/blobs/uploads/?mount=sha256:" + "0" * 64 + "&from=" + "a" * 9000,
)


@pytest.mark.parametrize("path", PATHS, ids=[str(number) for number in range(len(PATHS))])
def test_no_address_is_a_failure(registry: RegistryServer, capfd: pytest.CaptureFixture[str], path: str) -> None:
    """Whatever the method: an error of the client, in the specification's form."""
    for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        assert asked(registry, method, path) < 500 or method in ("TRACE", "BREW")
    assert capfd.readouterr().err == ""


HEADERS = (
    "",
    "x",
    "-1",
    "+1",
    "1, 2",
    LONG,
    "\xb2",
    "bytes=",
    "bytes=-",
    f"bytes={LONG}-",
    f"bytes=0-{LONG}",
    f"bytes=-{LONG}",
)


@pytest.mark.parametrize(
    "name", ["Range", "Content-Range", "Content-Type", "Expect", "Accept", "Authorization", "If-Match"]
)
def test_no_header_is_a_failure(registry: RegistryServer, capfd: pytest.CaptureFixture[str], name: str) -> None:
    """Numbers of five thousand digits above all."""
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    assert asked(registry, "POST", f"/v2/a/blobs/uploads/?digest={digest}", b"x") == 201
    for value in (*HEADERS, f"{LONG}-{LONG}", "0-0", "a/b\tc"):
        sent = {name: value}
        assert asked(registry, "GET", f"/v2/a/blobs/{digest}", **sent) in (200, 206, 416, 417)
        assert asked(registry, "PUT", "/v2/a/manifests/x", b"{}", **sent) in (400, 417)
        place = said(registry, b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[1]
        assert asked(registry, "PATCH", place["location"], b"x", **sent) in (202, 400, 416, 417)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("length", ["x", "-1", "+5", "1, 2", LONG, "\xb2", "0x5", "", " "], ids=list("abcdefghi"))
def test_a_length_that_is_none_ends_the_connection(registry: RegistryServer, length: str) -> None:
    """Nobody knows where such a request ends."""
    request = f"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    status, headers, body = said(registry, request.encode("latin-1") + b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (status, headers["connection"], json.loads(body)["errors"][0]["code"]) == (400, "close", "SIZE_INVALID")


@pytest.mark.parametrize(
    "lines",
    ["Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: x"],
)
def test_a_request_with_two_ends_is_refused(registry: RegistryServer, lines: str) -> None:
    """One server's body is the next one's request (request smuggling)."""
    request = f"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n0\r\n\r\n"
    status, headers, _ = said(registry, request.encode())
    assert (status, headers["connection"]) == (400, "close")


@pytest.mark.parametrize("size", [b"-5", b"x", b"", b"+5", b"0x5", b"f" * 99, b"1_0"])
def test_a_chunk_whose_size_is_none_ends_the_connection(registry: RegistryServer, size: bytes) -> None:
    """Without an answer: nobody knows what would be answered."""
    host, _, port = registry.host.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(size + b"\r\nhello\r\n0\r\n\r\n")
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert asked(registry) == 200


@pytest.mark.parametrize(
    "request_line",
    [b"GET", b"GET /v2/ HTTP/9.9", b"GET /v2/ HTTP/x", b"\x16\x03\x01", b"BREW /v2/ HTTP/1.1", b"G" * 70000],
)
def test_what_is_no_request_gets_an_error_too(registry: RegistryServer, request_line: bytes) -> None:
    """In the specification's form."""
    with suppress(ConnectionResetError):  # what it did not read was more than it takes
        status, _, body = said(registry, request_line + b"\r\nHost: localhost\r\n\r\n")
        assert 400 <= status <= 505
        assert json.loads(body)["errors"][0]["code"] == "UNSUPPORTED"


@pytest.mark.parametrize(
    "members",
    [
        '"subject": {SUBJECT}',
        '"subject": {SUBJECT}, "config": null, "layers": null',
        '"subject": {}',
        '"subject": 5',
        '"config": 5',
        '"config": {"digest": 5, "mediaType": 5}',
        '"config": {"digest": null, "mediaType": "x"}',
        '"annotations": [1]',
        '"annotations": {"a": {}}, "subject": {SUBJECT}',
        '"artifactType": {}, "subject": {SUBJECT}',
        '"mediaType": 5',
        f'"x": {LONG}',
        '"layers": [null]',
        '"layers": "x"',
        '"layers": ' + "[" * 3000,
        '"manifests": {"a": 1}',
        '"x": "\\ud800"',
    ],
)
def test_no_manifest_is_a_failure(registry: RegistryServer, capfd: pytest.CaptureFixture[str], members: str) -> None:
    """An artifact has no config, and a subject of anything may come."""
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    subject = json.dumps({"mediaType": MANIFEST, "digest": digest, "size": 1})
    raw = f'{{"schemaVersion": 2, {members.replace("{SUBJECT}", subject)}}}'.encode()
    status = asked(registry, "PUT", "/v2/a/manifests/x", raw, Content_Type=MANIFEST)
    assert status in (201, 400)
    assert asked(registry, "GET", f"/v2/a/referrers/{digest}") == 200
    assert asked(registry, "DELETE", "/v2/a/manifests/x") in (202, 404)
    assert capfd.readouterr().err == ""


def test_a_media_type_cannot_bring_headers_along(registry: RegistryServer) -> None:
    """It is sent back with the manifest."""
    raw = b'{"schemaVersion": 2}'
    assert asked(registry, "PUT", "/v2/a/manifests/x", raw, Content_Type=f"{MANIFEST}\r\n Set-Cookie: a=b") == 400
    assert asked(registry, "PUT", "/v2/a/manifests/x", raw, Content_Type=f"{MANIFEST}; charset=utf-8") == 201
    assert (
        said(registry, b"GET /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[1][
            "content-type"
        ]
        == MANIFEST
    )


# --- what holds it up


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"", b""),
        (b"GET /v2/ HT", b"T"),
        (b"GET /v2/ HTTP/1.1\r\n", b"A: b\r\n"),
        (b"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    ],
)
def test_a_client_that_trickles_is_hung_up_on(quick: RegistryServer, begin: bytes, piece: bytes) -> None:
    """In its head, its body or its trailers; and so is one that says nothing."""
    host, _, port = quick.host.rpartition(":")
    start = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=0.05) as connection, suppress(ConnectionError):
        connection.sendall(begin)
        while time.monotonic() - start < 5:
            with suppress(TimeoutError):
                if not connection.recv(1000):
                    break
            connection.sendall(piece)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("size", [0, 2000])
def test_a_client_that_hardly_reads_is_hung_up_on(size: int) -> None:
    """Whether it reads nothing or a little now and then."""
    content = bytes(1 << 20) * 24
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    limits = ServerLimits(idle=0.4, window=0.3, slowest=1 << 22)
    with RegistryServer(limits=limits) as server:
        assert asked(server, "POST", f"/v2/a/blobs/uploads/?digest={digest}", content) == 201
        host, _, port = server.host.rpartition(":")
        start = time.monotonic()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.connect((host, int(port)))
            connection.sendall(f"GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            with suppress(ConnectionError):
                while time.monotonic() - start < 10:
                    time.sleep(0.02)
                    if not _still_served(server):
                        break
                    connection.recv(size)
        assert time.monotonic() - start < 8


def _still_served(server: RegistryServer) -> bool:
    service = server._service
    return service is not None and bool(service._connections)


def test_a_client_that_asks_now_and_then_stays_connected(quick: RegistryServer) -> None:
    """Waiting between requests is not trickling."""
    with closing(http.client.HTTPConnection(quick.host, timeout=5)) as connection:
        for _ in range(5):
            connection.request("GET", "/v2/")
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            time.sleep(0.25)


def test_too_many_connections_are_turned_away(quick: RegistryServer) -> None:
    """With a time to come back; the others are served."""
    host, _, port = quick.host.rpartition(":")
    held = [socket.create_connection((host, int(port))) for _ in range(QUICK.connections)]
    for connection in held:
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    status, headers, body = said(quick, b"")
    assert (status, headers["retry-after"], headers["connection"]) == (503, "5", "close")
    assert json.loads(body)["errors"][0]["code"] == "TOOMANYREQUESTS"
    for connection in held:
        connection.close()
    for _ in range(100):
        with suppress(ConnectionError, AssertionError):
            assert asked(quick) == 200
            break
        time.sleep(0.05)
    assert asked(quick) == 200


def test_begun_uploads_are_few_and_small(quick: RegistryServer) -> None:
    """One that is cancelled, finished or too large makes place for another."""

    def begin() -> str:
        request = b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        status, headers, _ = said(quick, request)
        return headers["location"] if status == 202 else headers["retry-after"]

    places = [begin() for _ in range(QUICK.uploads)]
    assert begin() == "30"
    assert asked(quick, "POST", "/v2/a/blobs/uploads/") == 429
    assert asked(quick, "PATCH", places[0], b"x" * (QUICK.upload_size + 1)) == 413
    assert asked(quick, "PATCH", places[0], b"x") == 404
    assert begin().startswith("/v2/")
    assert asked(quick, "DELETE", places[1]) == 204
    wrong = f"/v2/a/blobs/uploads/?digest=sha256:{'0' * 64}"
    for _ in range(5):
        assert asked(quick, "POST", wrong, b"x") == 400
    assert begin().startswith("/v2/")
    assert begin() == "30"
    time.sleep(QUICK.idle + 0.1)
    assert begin().startswith("/v2/"), "idle ones make place"


def test_an_upload_that_nobody_goes_on_with_is_forgotten(tmp_path: Path) -> None:
    """With its file."""
    with RegistryServer(tmp_path, limits=ServerLimits(upload_idle=0.2)) as server:
        assert asked(server, "POST", "/v2/a/blobs/uploads/") == 202
        assert len(list((tmp_path / "uploads").iterdir())) == 1
        time.sleep(0.3)
        assert asked(server, "GET", "/v2/a/blobs/uploads/x") == 404
        assert list((tmp_path / "uploads").iterdir()) == []


def test_an_upload_that_ends_while_another_waits_for_it_is_unknown(registry: RegistryServer) -> None:
    """Two finish one upload: one of them is late."""
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    request = b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    place = said(registry, request)[1]["location"]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(asked(registry, "PUT", f"{place}?digest={digest}", b"x")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 404, 404, 404]
