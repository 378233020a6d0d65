"""The redirecting transport: finds the server's scheme, follows redirects, sends credentials to the server alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

import dockmagic
from dockmagic.oci.errors import RegistryError, RegistryUnavailable

from .connection_errors import Broken, NoTls, Silent, Unreachable, explain
from .responses import SlowResponse
from .transport import Transport
from .url import join, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from urllib3.response import BaseHTTPResponse

    from dockmagic.registry.secret import Secret

    from .endpoint import Endpoint
    from .retry import RetryPolicy

__all__ = ["ERROR_BODY", "RedirectingTransport"]

_AGENT = f"dockmagic/{dockmagic.__version__}"
_REDIRECTS = 10
ERROR_BODY = 64 * 1024  # bytes
_MOVED = frozenset({301, 302, 303, 307, 308})


class RedirectingTransport:
    """The way to one registry server and to the hosts that it names.

    Args:
        endpoint: the server.
        retry_policy: time limits.
        environ: where the proxies are named.
    """

    def __init__(self, endpoint: Endpoint, retry_policy: RetryPolicy, environ: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._retry_policy = retry_policy
        self._transport = Transport(endpoint, retry_policy, environ)
        self._scheme = endpoint.scheme
        self._other_scheme = endpoint.other_scheme

    def url(self, path: str) -> str:
        """The address of `path`, which begins with a slash."""
        return f"{self._scheme}://{self._endpoint.host}{path}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """The server's scheme, host and port: where its credentials may go."""
        return origin(self.url("/"))

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Callable[[], Iterable[bytes | memoryview]] | None,
        authorization: Secret | None,
    ) -> tuple[BaseHTTPResponse, str]:
        """Send a request and follow where it leads; `authorization` goes to the server itself alone.

        Returns:
            The answer, and the address that gave it.

        Raises:
            RegistryError: no answer, or led where nothing may be sent.
        """
        target = path
        for _ in range(_REDIRECTS):
            response, url = self._send(method, target, headers, body, authorization)
            if response.status not in _MOVED or "Location" not in response.headers:
                return response, url
            if body is not None or (method not in {"GET", "HEAD"} and response.status not in {307, 308}):
                return response, url
            self.drain(response)
            target = join(url, response.headers["Location"])
            if self.is_downgrade(target):
                raise RegistryError(
                    f"{self._endpoint.domain} leads from https to plain HTTP at {origin(target)[1]}",
                    hint="Nothing was sent there: ask the registry's operator",
                )
        raise RegistryError(
            f"{self._endpoint.domain} leads in circles ({_REDIRECTS} redirects)", hint="Ask the registry's operator"
        )

    def is_downgrade(self, url: str) -> bool:
        """Whether `url` would leave the TLS that this server must speak."""
        return self._endpoint.is_strict and origin(url)[0] != "https"

    def _send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Callable[[], Iterable[bytes | memoryview]] | None,
        authorization: Secret | None,
    ) -> tuple[BaseHTTPResponse, str]:
        url = self.url(target) if target.startswith("/") else target
        sent: dict[str, str | Secret] = {"User-Agent": _AGENT, **headers}
        if authorization is not None and origin(url) == self.origin:
            sent["Authorization"] = authorization
        if not self._other_scheme or not target.startswith("/"):
            return self._transport.send(method, url, sent, body() if callable(body) else body), url
        return self._find_scheme(method, target, sent, body() if callable(body) else body)

    def _find_scheme(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | Secret],
        body: bytes | Iterable[bytes | memoryview] | None,
    ) -> tuple[BaseHTTPResponse, str]:
        """Send the first request in one scheme and, if the server does not speak it, in the other; then keep to it."""
        first, other = self._scheme, self._other_scheme
        url = f"{first}://{self._endpoint.host}{path}"
        try:
            response = self._transport.send(method, url, headers, body)
            failure = None
        except Silent:
            raise
        except (NoTls, Broken, Unreachable) as error:
            failure = error
        if failure is None and not self._wants_tls(response):
            self._other_scheme = ""
            return response, url
        url = f"{other}://{self._endpoint.host}{path}"
        try:
            response = self._transport.send(method, url, headers, body)
        except RegistryUnavailable as error:
            raise failure or error from None
        self._scheme, self._other_scheme = other, ""
        return response, url

    def request_token(
        self, method: str, url: str, headers: dict[str, str | Secret], body: Secret | None
    ) -> BaseHTTPResponse:
        """Send a request to a token server; a login stays with the host that was named.

        Raises:
            RegistryError: no answer, or led where the login may not go.
        """
        headers = {"User-Agent": _AGENT, **headers}
        first = origin(url)
        for _ in range(_REDIRECTS):
            response = self._transport.send(method, url, headers, body)
            if response.status not in _MOVED or "Location" not in response.headers:
                return response
            self.drain(response)
            url = join(url, response.headers["Location"])
            if origin(url) != first:
                headers.pop("Authorization", None)
            if self.is_downgrade(url) or (method != "GET" and origin(url) != first):
                break
        raise RegistryError(
            f"the token server of {self._endpoint.domain} leads to {origin(url)[1]}, where the login may not go",
            hint="Ask the registry's operator",
        )

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def drain(self, response: BaseHTTPResponse, limit: int = ERROR_BODY) -> bytes:
        """The answer's body, of which no more than `limit` bytes are read; the connection is given back or closed.

        Raises:
            RegistryUnavailable: the body of a success breaks off or takes too long.
        """
        parts: list[bytes] = []
        left = limit
        end = time.monotonic() + self._retry_policy.document
        try:
            # Until an empty read: only that shows a body that was cut off.
            while left > 0 and (data := response.read1(left)):
                parts.append(data)
                left -= len(data)
                if time.monotonic() > end:
                    raise SlowResponse
        except (HTTPError, OSError, ValueError) as error:
            response.close()
            if response.status < 300:
                raise explain(error, self._endpoint.host) from None
            return b""
        if left > 0:
            response.release_conn()
        else:
            response.close()
        return b"".join(parts)

    def _wants_tls(self, response: BaseHTTPResponse) -> bool:
        # What Go's and nginx's servers say, in plain text or HTML, to plain HTTP on a port that speaks TLS.
        if response.status != 400 or "json" in response.headers.get("Content-Type", "json"):
            return False
        return b"HTTPS" in self.drain(response)
