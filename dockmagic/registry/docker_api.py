"""A running docker, over its API on a Unix socket: images out and in, as archives."""

from __future__ import annotations

import json
import os
from http.client import HTTPException
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import quote

from dockmagic.oci.errors import ImageNotFound, NotSupported, RegistryError, RegistryUnavailable

from .transport.unix_socket import UnixConnection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPResponse

__all__ = ["DockerApi"]

_SOCKET = "/var/run/docker.sock"
_PIECE = 1 << 20
_MESSAGE_LIMIT = 1 << 16


class DockerApi:
    """The engine API of one docker; a context manager.

    Args:
        path: of its socket.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = UnixConnection(path)

    @classmethod
    def connect(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Docker where ``DOCKER_HOST`` says, else at its usual socket.

        Raises:
            NotSupported: it is reached in another way.
        """
        host = environ.get("DOCKER_HOST") or f"unix://{_SOCKET}"
        if not host.startswith("unix://"):
            raise NotSupported(
                f"docker at {host.partition('@')[2] or host} is not reached by a socket of this machine",
                hint="Set DOCKER_HOST to unix:///path/of/docker.sock",
            )
        return cls(host.removeprefix("unix://"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get_image(self, name: str, out: BinaryIO) -> None:
        """Write an image as an archive (``GET /images/NAME/get``).

        Raises:
            ImageNotFound: docker has none of this name.
            RegistryError: docker refuses, fails or is not there.
        """
        with self._ask("GET", f"/images/{quote(name, safe='')}/get", name) as response:
            out.writelines(self._pieces(response))

    def load_images(self, archive: BinaryIO, size: int) -> None:
        """Give docker an archive (``POST /images/load``).

        Raises:
            RegistryError: docker refuses, fails or is not there.
        """
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)}
        with self._ask("POST", "/images/load?quiet=1", "the archive", body=archive, headers=headers) as response:
            # One JSON object a line; an error comes as the last, under status 200.
            answer = b"".join(self._pieces(response))
        for line in answer.splitlines():
            if told := _error(line):
                raise RegistryError(f"docker refuses the image: {told}", hint="See its log")

    def _ask(
        self,
        method: str,
        path: str,
        name: str,
        *,
        body: BinaryIO | None = None,
        headers: Mapping[str, str] = {},
    ) -> HTTPResponse:
        try:
            self._connection.request(method, path, body=body, headers=dict(headers))
            response = self._connection.getresponse()
        except (OSError, HTTPException) as error:
            raise self._gone(error) from None
        if response.status < 300:
            return response
        told = _error(response.read(_MESSAGE_LIMIT)) or response.reason
        if response.status == 404:
            raise ImageNotFound(f"docker has no image {name}", hint="See which there are: docker images")
        raise RegistryError(f"docker answers {response.status}: {told}", hint="See its log", status=response.status)

    def _pieces(self, response: HTTPResponse) -> Iterator[bytes]:
        """An answer to its end."""
        expected = response.length
        while True:
            try:
                piece = response.read(_PIECE)
            except (OSError, HTTPException) as error:
                raise self._gone(error) from None
            if not piece:
                break
            if expected is not None:
                expected -= len(piece)
            yield piece
        if expected:
            raise self._gone(ConnectionResetError("the answer ends too early"))

    def _gone(self, error: OSError | HTTPException) -> RegistryUnavailable:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return RegistryUnavailable(
            f"docker does not answer at {self._path}: {reason}",
            hint="Start it, or set DOCKER_HOST to its socket",
        )


def _error(line: bytes) -> str:
    try:
        told = json.loads(line)
    except ValueError:
        return ""
    found = (told.get("error") or told.get("message")) if isinstance(told, dict) else ""
    return str(found)[:300] if found else ""
