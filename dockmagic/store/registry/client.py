"""A client of one registry server: requests with authentication, redirects, waiting and errors in plain words."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError

import dockmagic
from dockmagic.oci.errors import RateLimited, RegistryError, RegistryUnavailable

from .auth import Authorizer
from .connecting import Broken, NoTls, Silent, Unreachable, explain
from .failures import refusal
from .patience import retry_after
from .ratelimit import RateLimit
from .transport import Transport, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from urllib3.response import BaseHTTPResponse

    from dockmagic.oci.errors import DockmagicError

    from .auth import Scopes
    from .credentials import Credential
    from .endpoint import Endpoint
    from .failures import Subject
    from .patience import Patience
    from .secret import Secret

__all__ = ["Purpose", "RegistryClient", "drain"]

_REDIRECTS = 10
_ERROR_BODY = 64 * 1024
_TOKEN_BODY = 1024 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a request is for.

    Attributes:
        repository: the repository at this server, empty for the registry as a whole.
        scopes: what the token must allow.
        subject: what an error is to speak of.
    """

    repository: str
    scopes: Scopes
    subject: Subject


class RegistryClient:
    """One registry server over HTTP; usable from several threads.

    Args:
        endpoint: the server.
        credential: finds the credential for one of its repositories.
        environ: where the proxies are named.
        patience: limits of waiting.
        on_notice: hears one line about each wait.
    """

    agent: ClassVar[str] = f"dockmagic/{dockmagic.__version__}"

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Callable[[str], Credential | None],
        environ: Mapping[str, str],
        patience: Patience,
        on_notice: Callable[[str], None],
    ) -> None:
        self.endpoint = endpoint
        self.patience = patience
        self.rate_limit: RateLimit | None = None
        self._notice = on_notice
        self._transport = Transport(endpoint, patience, environ)
        self._auth = Authorizer(endpoint, credential, self._ask_realm)
        self._scheme = endpoint.scheme
        self._other_scheme = endpoint.other_scheme
        self._closed = threading.Event()

    def url(self, path: str) -> str:
        """The address of `path`, which begins with a slash."""
        return f"{self._scheme}://{self.endpoint.host}{path}"

    def request(
        self,
        method: str,
        path: str,
        purpose: Purpose,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        good: tuple[int, ...] = (200,),
    ) -> BaseHTTPResponse:
        """Send a request that may be sent again; 5xx, resets and 429 are waited out.

        Args:
            method: HTTP's.
            path: beginning with a slash, or a whole URL.
            purpose: what for.
            headers: besides Authorization.
            body: what to send.
            good: status codes that are handed to the caller; all others raise.

        Raises:
            NotFound: 404.
            RegistryError: every other refusal or failure.
        """
        attempt = 1
        while True:
            try:
                response = self.exchange(method, path, purpose, headers=headers, body=body)
                if response.status in good:
                    return response
                error = self.refusal(response, purpose.subject)
                if not isinstance(error, RegistryError) or not _worth_another_try(response, error):
                    raise error
            except Broken as broken:
                error = broken
            attempt += 1
            self.again(attempt, error)

    def refusal(self, response: BaseHTTPResponse, subject: Subject) -> DockmagicError:
        """The error for an answer that is no success, without any secret that the registry may have repeated."""
        body = self._auth.without_secrets(drain(response))
        return refusal(response.status, response.headers, body, subject)

    def again(self, attempt: int, error: RegistryError) -> None:
        """Wait before `attempt`, telling the user; raise `error` where it is one too many or the wait too long."""
        asked = error.retry_after if isinstance(error, RateLimited) else None
        if attempt > self.patience.attempts or (asked or 0.0) > self.patience.longest_wait or self._closed.is_set():
            raise error
        seconds = self.patience.before(attempt) if asked is None else asked
        told = f"{self.endpoint.domain} asks to wait" if asked is not None else f"{error.message}: trying again in"
        self._notice(f"{told} {seconds:.1f} s (attempt {attempt} of {self.patience.attempts})")
        if self._closed.wait(seconds):
            raise error

    def exchange(
        self,
        method: str,
        path: str,
        purpose: Purpose,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], Iterable[bytes | memoryview]] | None = None,
    ) -> BaseHTTPResponse:
        """Send a request once, with authentication and redirects; the answer may have any status.

        A `body` that is a function is called for each time that it is sent.

        Raises:
            RegistryError: no answer, or led where nothing may be sent.
        """
        authorization = self._auth.header(purpose.repository, purpose.scopes)
        response, url = self._follow(method, path, headers or {}, body, authorization)
        for _ in range(2):  # a token may have expired, and its successor may need a wider scope
            if response.status != 401 or origin(url) != self._origin:
                break  # a challenge of another host is not for our credentials
            challenges = response.headers.getlist("WWW-Authenticate")
            try:
                better = self._auth.answer(challenges, purpose.repository, purpose.scopes, authorization)
            except BaseException:
                response.close()
                raise
            if better is None:
                break
            drain(response)
            authorization = better
            response, url = self._follow(method, path, headers or {}, body, authorization)
        self.rate_limit = RateLimit.from_headers(response.headers) or self.rate_limit
        return response

    def forget_login(self) -> None:
        """Drop the tokens: the user has logged in or out."""
        self._auth.forget()

    def close(self) -> None:
        """End every wait and close the connections."""
        self._closed.set()
        self._transport.close()

    @property
    def _origin(self) -> tuple[str, str, int]:
        return origin(self.url("/"))

    def _follow(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Callable[[], Iterable[bytes | memoryview]] | None,
        authorization: Secret | None,
    ) -> tuple[BaseHTTPResponse, str]:
        target = path
        for _ in range(_REDIRECTS):
            response, url = self._send(method, target, headers, body, authorization)
            if response.status not in _MOVED or "Location" not in response.headers:
                return response, url
            if body is not None or (method not in {"GET", "HEAD"} and response.status not in {307, 308}):
                return response, url
            drain(response)
            target = urljoin(url, response.headers["Location"])
            if self._is_downgrade(target):
                raise RegistryError(
                    f"{self.endpoint.domain} leads from https to plain HTTP at {origin(target)[1]}",
                    hint="Nothing was sent there: ask the registry's operator",
                )
        raise RegistryError(
            f"{self.endpoint.domain} leads in circles ({_REDIRECTS} redirects)", hint="Ask the registry's operator"
        )

    def _is_downgrade(self, url: str) -> bool:
        return self.endpoint.is_strict and origin(url)[0] != "https"

    def _send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Callable[[], Iterable[bytes | memoryview]] | None,
        authorization: Secret | None,
    ) -> tuple[BaseHTTPResponse, str]:
        url = self.url(target) if target.startswith("/") else target
        sent: dict[str, str | Secret] = {"User-Agent": self.agent, **headers}
        if authorization is not None and origin(url) == self._origin:
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
        url = f"{first}://{self.endpoint.host}{path}"
        try:
            response = self._transport.send(method, url, headers, body)
            failure = None
        except Silent:
            raise
        except (NoTls, Broken, Unreachable) as error:
            failure = error
        if failure is None and not _wants_tls(response):
            self._other_scheme = ""
            return response, url
        url = f"{other}://{self.endpoint.host}{path}"
        try:
            response = self._transport.send(method, url, headers, body)
        except RegistryUnavailable as error:
            raise failure or error from None
        self._scheme, self._other_scheme = other, ""
        return response, url

    def _ask_realm(
        self, method: str, url: str, headers: dict[str, str | Secret], body: Secret | None
    ) -> tuple[int, bytes]:
        scheme, host, _ = origin(url)
        if scheme not in {"http", "https"} or not host or self._is_downgrade(url):
            raise RegistryError(
                f"{self.endpoint.domain} names a token server that is not at an https address",
                hint="Nothing was sent: check the registry's name, or ask its operator",
            )
        attempt = 1
        while True:
            try:
                response = self._follow_realm(method, url, {"User-Agent": self.agent, **headers}, body)
                if response.status not in _TRANSIENT and response.status != 429:
                    return response.status, drain(response, _TOKEN_BODY)
                seconds = retry_after(response.headers.get("Retry-After", "")) if response.status == 429 else None
                drain(response)
                message = f"the token server of {self.endpoint.domain} answers with status {response.status}"
                error: RegistryError = (
                    RateLimited(message, hint="Try again later", retry_after=seconds)
                    if response.status == 429
                    else RegistryUnavailable(message, hint="Try again in a while", status=response.status)
                )
            except Broken as broken:
                error = broken
            attempt += 1
            self.again(attempt, error)

    def _follow_realm(
        self, method: str, url: str, headers: dict[str, str | Secret], body: Secret | None
    ) -> BaseHTTPResponse:
        first = origin(url)
        for _ in range(_REDIRECTS):
            response = self._transport.send(method, url, headers, body)
            if response.status not in _MOVED or "Location" not in response.headers:
                return response
            drain(response)
            url = urljoin(url, response.headers["Location"])
            if origin(url) != first:
                headers.pop("Authorization", None)
            if self._is_downgrade(url) or (method != "GET" and origin(url) != first):
                break
        raise RegistryError(
            f"the token server of {self.endpoint.domain} leads to {origin(url)[1]}, where the login may not go",
            hint="Ask the registry's operator",
        )


def drain(response: BaseHTTPResponse, limit: int = _ERROR_BODY) -> bytes:
    """The answer's body, of which no more than `limit` bytes are read; the connection is given back or closed."""
    parts: list[bytes] = []
    left = limit
    try:
        # Until an empty read: only that shows a body that was cut off.
        while left > 0 and (data := response.read(left)):
            parts.append(data)
            left -= len(data)
    except (HTTPError, OSError, ValueError) as error:
        response.close()
        if response.status < 300:
            raise explain(error, "the registry") from None
        return b""
    if left > 0:
        response.release_conn()
    else:
        response.close()
    return b"".join(parts)


def _worth_another_try(response: BaseHTTPResponse, error: RegistryError) -> bool:
    if isinstance(error, RateLimited):
        # Docker Hub's spent quota does not come back in seconds, unless it says so.
        limit = RateLimit.from_headers(response.headers)
        return error.retry_after is not None or limit is None or limit.remaining != 0
    return response.status in _TRANSIENT


def _wants_tls(response: BaseHTTPResponse) -> bool:
    # What Go's and nginx's servers say, in plain text or HTML, to plain HTTP on a port that speaks TLS.
    if response.status != 400 or "json" in response.headers.get("Content-Type", "json"):  # noqa: PLR2004  (HTTP's own)
        return False
    return b"HTTPS" in drain(response)
