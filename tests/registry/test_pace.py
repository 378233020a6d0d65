"""Answers that never end, or hardly come: each ends with an error in time."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest
from scripted_registry import MANIFEST, blob

from dockmagic.oci.errors import DockmagicError, RegistryUnavailable
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dockmagic.registry.registries import Registries

pytestmark = pytest.mark.slow  # it waits for what is slow

CONTENT = b"layer" * 100
DESC = blob(CONTENT)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PLAIN = HEAD + b"Content-Length: 3000000\r\n\r\n"

#: What is sent, and the seconds between its pieces.
ANSWERS: dict[str, tuple[Callable[[], Iterable[bytes]], float]] = {
    "a head that trickles": (lambda: (bytes([byte]) for byte in HEAD), 0.05),
    "interim answers": (lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.0),
    "interim answers with headers": (lambda: repeat(b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" * 20), 0.0),
    "headers": (lambda: chain([HEAD], repeat(b"A: b\r\n" * 20)), 0.0),
    "one header": (lambda: chain([HEAD + b"A: "], repeat(b"b" * 9999)), 0.0),
    "a status": (lambda: chain([b"HTTP/1.1 200 "], repeat(b"b" * 9999)), 0.0),
    "a body that trickles": (lambda: chain([PLAIN], repeat(b"x")), 0.05),
    "a body that comes evenly, but for ever": (lambda: chain([PLAIN], repeat(b"x" * 100)), 0.02),
    "the size of a chunk": (lambda: chain([CHUNKED], repeat(b"0" * 9999)), 0.0),
    "words about a chunk": (lambda: chain([CHUNKED + b"1;"], repeat(b"0" * 9999)), 0.0),
    "trailers": (lambda: chain([CHUNKED + b"1\r\nx\r\n0\r\n"], repeat(b"A: b\r\n" * 20)), 0.0),
    "chunks": (lambda: chain([CHUNKED], repeat(b"1\r\nx\r\n" * 1000)), 0.0),
    "a body without an end": (lambda: chain([HEAD + b"\r\n"], repeat(b"x" * 65536)), 0.0),
}


class Endless:
    """A server that sends the same answer to everything."""

    def __init__(self, pieces: Callable[[], Iterable[bytes]], pause: float) -> None:
        self._pieces, self._pause = pieces, pause
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            for piece in self._pieces():
                connection.sendall(piece)
                time.sleep(self._pause)

    def stop(self) -> None:
        """Hang up."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(params=ANSWERS)
def endless(request: pytest.FixtureRequest) -> Iterator[Endless]:
    """Servers that do not end."""
    server = Endless(*ANSWERS[request.param])
    yield server
    server.stop()


def test_no_answer_holds_anybody_for_ever(endless: Endless, make: Callable[..., Registries]) -> None:
    """Documents, lists, blobs and logins."""
    registries = make(attempts=1, silence=0.5, window=0.2, slowest=1000, document=0.5)
    ref = Reference.parse(f"{endless.host}/app")
    repository = registries.repository(ref)
    acts: list[Callable[[], object]] = [
        lambda: repository.fetch(ref),
        lambda: repository.resolve(ref),
        lambda: list(repository.tags()),
        lambda: repository.read(DESC),
        lambda: registries.login(endless.host, "ann", "secret"),
    ]
    for act in acts:
        begin = time.monotonic()
        with suppress(DockmagicError):
            act()
        assert time.monotonic() - begin < 6


def test_a_slow_answer_is_named(make: Callable[..., Registries]) -> None:
    """It is neither silent nor broken."""
    server = Endless(*ANSWERS["a body that trickles"])
    ref = Reference.parse(f"{server.host}/app")
    registries = make(attempts=1, silence=1.0, window=0.2, slowest=1000)
    try:
        with pytest.raises(RegistryUnavailable, match=f"{server.host} answers too slowly"):
            registries.repository(ref).fetch(ref)
    finally:
        server.stop()


def test_a_server_may_think_before_it_answers(make: Callable[..., Registries]) -> None:
    """The window begins with the first byte, and a reader that takes its time is not the server's fault."""

    def pieces() -> Iterator[bytes]:
        time.sleep(0.6)
        yield HEAD + b"Content-Length: %d\r\n\r\n" % len(MANIFEST)
        yield MANIFEST

    server = Endless(pieces, 0.0)
    ref = Reference.parse(f"{server.host}/app")
    registries = make(attempts=1, silence=5.0, window=0.3, slowest=1e6)
    try:
        assert registries.repository(ref).fetch(ref)[1] == MANIFEST
    finally:
        server.stop()
