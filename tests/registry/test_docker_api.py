"""A docker that refuses, says odd things, or goes away."""

from __future__ import annotations

import io
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.errors import ImageNotFound, NotSupported, RegistryError, RegistryUnavailable
from dockmagic.registry.docker_api import DockerApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answering = Callable[[bytes], DockerApi]


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """An API whose docker sends these bytes to the first request, and hangs up."""
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def make(answer: bytes) -> DockerApi:
        server = socket.socket(socket.AF_UNIX)
        server.bind("docker.sock")
        server.listen()
        listening.append(server)

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.settimeout(5)
                while b"\r\n\r\n" not in connection.recv(1 << 16):
                    pass
                connection.sendall(answer)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return DockerApi.connect({"DOCKER_HOST": "unix://docker.sock"})

    yield make
    for thread in threads:
        thread.join(5)
    for server in listening:
        server.close()


def test_an_image_comes_as_an_archive(answering: Answering) -> None:
    """Whole, however it is framed."""
    out = io.BytesIO()
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with answering(chunked) as api:
        api.get_image("app:1", out)
    assert out.getvalue() == b"abcde"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"no HTTP at all\r\n\r\n",
    ],
)
def test_a_docker_that_goes_away_is_told_as_that(answering: Answering, answer: bytes) -> None:
    """In one line, and what came is not taken for the whole."""
    with answering(answer) as api, pytest.raises(RegistryUnavailable, match=r"docker does not answer at docker\.sock"):
        api.get_image("app:1", io.BytesIO())


def test_what_docker_refuses_is_told(answering: Answering) -> None:
    """In its own words."""
    body = b'{"message":"the daemon is tired"}'
    with (
        answering(b"HTTP/1.1 500 Oops\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) as api,
        pytest.raises(RegistryError, match="docker answers 500: the daemon is tired"),
    ):
        api.get_image("app:1", io.BytesIO())


def test_an_image_that_docker_has_not_is_not_found(answering: Answering) -> None:
    """As anywhere else."""
    with (
        answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as api,
        pytest.raises(ImageNotFound, match="docker has no image app:1"),
    ):
        api.get_image("app:1", io.BytesIO())


def test_an_error_under_status_200_is_one(answering: Answering) -> None:
    """Docker streams what it does, and its failure last."""
    body = b'{"stream":"Loading"}\n{"error":"no space left on device"}\n'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with answering(answer) as api, pytest.raises(RegistryError, match="docker refuses the image: no space left"):
        api.load_images(io.BytesIO(b""), 0)


def test_only_a_socket_of_this_machine_is_spoken_to() -> None:
    """No password of an address is shown."""
    with pytest.raises(NotSupported, match=r"docker at far\.example") as caught:
        DockerApi.connect({"DOCKER_HOST": "ssh://ann:secret@far.example"})
    assert "secret" not in str(caught.value)
